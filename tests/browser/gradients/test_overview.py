"""The overview of all layers and steps."""

from playwright.sync_api import expect

from tests.servers import await_value

N_STEPS = 15  # Five epochs of 29 training steps, every tenth recorded.


def test_overview__leads_to_layer_and_step(tab):
    """A row for each layer, a column for each step; a click goes there, and the figures are displayed."""
    chart = tab.get("overview-map")
    expect(chart).to_have_attribute("data-rows", "3")
    expect(chart).to_have_attribute("data-steps", str(N_STEPS))
    box = chart.bounding_box()
    place = {"x": box["width"] * 2.5 / N_STEPS, "y": box["height"] * 1.5 / 3}
    chart.hover(position=place)
    expect(tab.get("overview-figures")).to_contain_text("3 · step 20 · gradient norm")
    chart.click(position=place)
    tab.await_root(train_step=20)
    expect(tab.get("layer-distributions")).to_have_attribute("data-layer", "3")
    tab.get("measure").select_option("dead")
    expect(tab.get("overview-scale")).to_contain_text("100 %")
    tab.get("measure").select_option("update_ratio")
    expect(tab.get("overview-scale")).to_contain_text("change of the weights")


def test_overview__folds_the_hierarchy(open_screen):
    """Modules fold into one row, which stands for the median of their layers; keyboard and names lead there as well."""
    tab = open_screen("convolutions")
    n_rows = int(tab.get("overview-map").get_attribute("data-rows"))
    tab.get("overview-module").first.click()
    await_value(lambda: int(tab.get("overview-map").get_attribute("data-rows")) == n_rows - 2)
    expect(tab.get("overview-module").first).to_contain_text("median of 2")
    tab.get("fold-all").click()
    await_value(lambda: int(tab.get("overview-map").get_attribute("data-rows")) == n_rows)
    tab.get("fold-all").click()
    expect(tab.get("overview-map")).to_have_attribute("data-rows", "4")
    tab.get("overview-map").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowLeft", "Enter"):
        tab.page.keyboard.press(key)
    tab.await_root(train_step=4)
    expect(tab.get("layer-distributions")).to_have_attribute("data-layer", "fc")
