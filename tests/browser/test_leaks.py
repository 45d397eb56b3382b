"""What the page leaves behind after long use: nothing."""

import pytest

from tests.browser.gpu import COUNT_GPU_OBJECTS, HeapMeter

N_EPOCH_CHANGES = 1000
N_RUN_CHANGES = 50
# The engine's own caches grow a little; a kilobyte a change would be a leak.
MAX_GROWTH_MB = 1

# Each change is drawn before the next.
CHANGE_EPOCHS = """async (count) => {
  const press = (key) => document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  const drawn = async () => {
    const { frames } = window.__neuromapper.inspect();
    while (window.__neuromapper.inspect().frames === frames) await new Promise(requestAnimationFrame);
  };
  for (let i = 0; i < count; i++) {
    press(i % 8 < 4 ? "ArrowLeft" : "ArrowRight");
    await drawn();
  }
}"""
# Each run's picture is complete before the next is chosen.
CHANGE_RUNS = """async (count) => {
  const root = document.querySelector("[data-testid=neuromapper]");
  for (let i = 1; i <= count; i++) {
    const name = i % 2 ? "second" : "first";
    const select = document.querySelector("[data-testid=run]");
    select.value = name;
    select.dispatchEvent(new Event("change", { bubbles: true }));
    while (root.dataset.run !== name || root.dataset.settled !== "true") await new Promise(requestAnimationFrame);
  }
}"""


@pytest.fixture
def tab(board, open_tab):
    """The tab on two runs, without motion, so that an epoch change is one frame."""
    tab = open_tab(board, size=(700, 500), reduced_motion="reduce", script=COUNT_GPU_OBJECTS)
    tab.await_complete(run="first", steps=5, step=4)
    return tab


def read(tab, heap):
    tab.await_complete(run="first", steps=5, step=4)
    tab.await_still()
    return {"gpu": tab.evaluate("() => window.__gpuObjects()"), **heap.read()}


def test_long_use__leaves_heap_and_gpu_as_they_were(tab):
    """After a thousand changes of epoch and fifty of run the page holds what it held before."""
    heap = HeapMeter(tab.page)
    tab.evaluate(CHANGE_EPOCHS, 200)
    tab.evaluate(CHANGE_RUNS, 6)
    before = read(tab, heap)
    assert before["gpu"]["counts"]["Buffer"] > 0
    tab.evaluate(CHANGE_EPOCHS, N_EPOCH_CHANGES)
    tab.evaluate(CHANGE_RUNS, N_RUN_CHANGES)
    after = read(tab, heap)
    assert after["gpu"] == before["gpu"]
    assert after["listeners"] <= before["listeners"]
    assert after["nodes"] <= before["nodes"] + 10
    for kind in ("heap_mb", "arrays_mb"):
        assert after[kind] - before[kind] < MAX_GROWTH_MB, (before, after)
