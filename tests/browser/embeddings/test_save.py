"""What can be saved: the selection as a table, the picture, the animation."""

import base64
import csv
import io
import json
from xml.etree import ElementTree

import numpy as np
from PIL import Image
from playwright.sync_api import expect

from tests.browser.pixels import class_color, share_of
from tests.logs import LogWriter


def test_selection__is_saved_as_csv_and_json(tmp_path, start_tensorboard, open_tab):
    """Row, id, label, prediction, confidence, loss and metadata of the selected samples."""
    writer = LogWriter(tmp_path / "a", ids=[100 + row for row in range(60)])
    remarks = [f'says "{row}", or so' for row in range(60)]
    writer.probe(**{"probe/metadata/remark": remarks})
    writer.epoch(2)
    writer.outcomes(2)
    writer.close()
    tab = open_tab(start_tensorboard("--logdir", tmp_path))
    tab.await_complete(step=2)
    tab.get("class-1").hover()
    tab.get("select-1").click()
    expect(tab.get("confusions")).to_contain_text("all right at epoch 2")
    name, data = tab.save("selection-csv")
    assert name == "a_selection_epoch_2.csv"
    table = list(csv.DictReader(io.StringIO(data.decode())))
    assert [int(line["row"]) for line in table] == list(range(1, 60, 3))
    assert table[0] == {
        "row": "1",
        "id": "101",
        "label": "class 1",
        "predicted": "class 1",
        "confidence_in_label": "0.5",
        "loss": "1",
        "metadata.remark": 'says "1", or so',
    }
    name, data = tab.save("selection-json")
    assert name == "a_selection_epoch_2.json"
    content = json.loads(data)
    assert (content["run"], content["epoch"], len(content["samples"])) == ("a", 2, 20)
    assert content["samples"][1]["metadata"] == {"remark": 'says "4", or so'}


def test_picture__is_saved_as_png_and_svg(tab):
    """The PNG shows points, words and legend; the SVG holds words and legend as text around a PNG of the points."""
    tab.get("save-menu").click()
    name, data = tab.save("save-png")
    assert name == "first_epoch_4.png"
    picture = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    canvas = tab.get("canvas").bounding_box()
    assert picture.shape[:2] == (round(canvas["height"]) + 30, round(canvas["width"]) + 180)
    points, legend = np.split(picture, [round(canvas["width"])], axis=1)
    for part, n_pixels in ((points, 200), (legend, 30)):
        assert share_of(part, class_color(tab, 3)) * part.shape[0] * part.shape[1] > n_pixels
    expect(tab.get("save-menu-sheet")).to_have_count(0)
    tab.get("save-menu").click()
    name, data = tab.save("save-svg")
    assert name == "first_epoch_4.svg"
    svg = ElementTree.fromstring(data)
    words = {text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")}
    assert {"first · epoch 4", "2", "4", "output", "label", "digit 0", "digit 9"} <= words
    image = next(svg.iter("{http://www.w3.org/2000/svg}image")).get("href")
    points = Image.open(io.BytesIO(base64.b64decode(image.removeprefix("data:image/png;base64,"))))
    assert np.asarray(points)[..., 3].any()


def test_animation__is_saved_as_video(tab, browser):
    """All epochs play once from the first and are recorded; the video plays and has the views' size."""
    tab.get("speed").select_option("4")
    tab.get("loop").click()
    tab.get("save-menu").click()
    name, data = tab.save("save-video")
    assert name == "first_epochs.webm"
    assert data[:4] == b"\x1a\x45\xdf\xa3"
    tab.await_root(step=4, playing="false")
    expect(tab.get("loop")).to_have_attribute("aria-pressed", "true")
    page = browser.new_page()
    page.set_content("<video muted></video>")
    width, height, duration = page.evaluate(
        """async (url) => {
            const video = document.querySelector("video");
            const next = (name) => new Promise((resolve) => video.addEventListener(name, resolve, { once: true }));
            video.src = url;
            await next("loadedmetadata");
            video.currentTime = 1e6;
            await next("seeked");
            return [video.videoWidth, video.videoHeight, video.currentTime];
        }""",
        f"data:video/webm;base64,{base64.b64encode(data).decode()}",
    )
    page.close()
    canvas = tab.get("canvas").bounding_box()
    assert abs(width - canvas["width"]) <= 2
    assert abs(height - canvas["height"] - 30) <= 2
    assert duration > 0.9


def test_animation__says_why_it_cannot_be_saved(board, open_tab, browser):
    """Without MediaRecorder there is a sentence instead of a file."""
    tab = open_tab("about:blank")
    tab.page.add_init_script("delete window.MediaRecorder")
    tab.page.goto(f"{board.url}#neuromapper")
    tab.await_complete(run="first")
    tab.get("save-menu").click()
    expect(tab.get("save-video")).to_be_disabled()
    expect(tab.get("no-video")).to_contain_text("cannot record a video")
