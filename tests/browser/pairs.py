"""Two runs side by side."""

from tests.servers import await_value


def open_pair(tab):
    """Choose the run "second" beside "first" and await their picture."""
    tab.await_complete(run="first", steps=5)
    tab.get("beside").select_option("second")
    await_pair(tab)


def await_pair(tab, runs=("first", "second")):
    """Wait until all views of both runs are done and drawn; a run may have no positions of its own at an epoch."""

    def is_done():
        return {(block["run"], block["state"]) for block in tab.inspect()["blocks"]} == {(run, "done") for run in runs}

    await_value(is_done)
    tab.await_root(state="ready", run=runs[0], settled="true")
