"""What the page leaves behind after long use: nothing."""

import pytest

from tests.browser.gpu import COUNT_GPU_OBJECTS, HeapMeter

N_EPOCH_CHANGES = 1000
N_RUN_CHANGES = 50
# The engine's own caches grow a little; a kilobyte a change would be a leak.
MAX_GROWTH_MB = 1

# Ends with what is on the page if that takes longer than anybody waits.
UNTIL = """
const root = document.querySelector("[data-testid=neuromapper]");
const until = async (what, holds) => {
  const end = performance.now() + 60000;
  while (!holds()) {
    if (performance.now() > end) {
      throw new Error(`${what}: ${JSON.stringify([root.dataset, window.__neuromapper.inspect()])}`);
    }
    await new Promise(requestAnimationFrame);
  }
};
"""
# Each change is drawn before the next.
CHANGE_EPOCHS = f"""async (count) => {{
  {UNTIL}
  for (let i = 0; i < count; i++) {{
    const key = i % 8 < 4 ? "ArrowLeft" : "ArrowRight";
    const {{ frames }} = window.__neuromapper.inspect();
    document.body.dispatchEvent(new KeyboardEvent("keydown", {{ key, bubbles: true }}));
    await until(`frame ${{i}}`, () => window.__neuromapper.inspect().frames > frames);
  }}
}}"""
# Each run's picture is complete before the next is chosen.
CHANGE_RUNS = f"""async (count) => {{
  {UNTIL}
  for (let i = 1; i <= count; i++) {{
    const name = i % 2 ? "second" : "first";
    const select = document.querySelector("[data-testid=run]");
    select.value = name;
    select.dispatchEvent(new Event("change", {{ bubbles: true }}));
    await until(`run ${{i}}`, () => root.dataset.run === name && root.dataset.settled === "true");
  }}
}}"""


@pytest.fixture
def tab(board, open_tab):
    """The tab on two runs, without motion, so that an epoch change is one frame."""
    tab = open_tab(board, size=(700, 500), reduced_motion="reduce", script=COUNT_GPU_OBJECTS)
    tab.await_complete(run="first", steps=5, step=4)
    return tab


def read(tab, heap):
    """What the page holds on the GPU and on the heap once it has come to rest."""
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
