"""Starts real TensorBoards for tests."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.request

# Tests wait for states. This is how long they wait on a machine that has much else to do.
PATIENCE_S = 240


class TensorBoardServer:
    """`tensorboard` as a process of its own, on a port that the system chose.

    Args:
        flags: Command line flags, without the port.
        cache: The results cache.
    """

    def __init__(self, *flags, cache):
        command = [sys.executable, "-m", "tensorboard.main", "--port", "0", "--reload_interval", "1"]
        command += ["--neuromapper_cache", str(cache), *map(str, flags)]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
        self.log = []
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()
        self.url = self._await_url()

    def _drain(self):
        for line in self.process.stderr:
            self.log.append(line)

    def _await_url(self):
        found = await_value(lambda: re.search(r"TensorBoard \S+ at (http://\S+/)", "".join(self.log)), self.process)
        return found.group(1)

    def get(self, path):
        """The body of a GET that succeeds, of one of our routes."""
        with urllib.request.urlopen(f"{self.url}data/plugin/neuromapper/{path}", timeout=60) as response:
            return response.read()

    def json(self, path):
        """The JSON of a GET that succeeds."""
        return json.loads(self.get(path))

    def post(self, path, body):
        """The JSON that answers a POST which succeeds."""
        url = f"{self.url}data/plugin/neuromapper/{path}"
        request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.loads(response.read())

    def await_runs(self, is_enough):
        """The runs once TensorBoard has loaded what `is_enough` asks for."""
        return await_value(lambda: (runs := self.json("runs")["runs"]) and is_enough(runs) and runs, self.process)

    def await_projections(self, run):
        """The manifests of all blocks, all done."""

        def done():
            manifests = self.post("projections", {"run": run})["projections"]
            return manifests if all(item["state"] == "done" for item in manifests) else None

        return await_value(done, self.process)

    def close(self):
        """End TensorBoard as its user does."""
        self.process.terminate()
        self.process.wait(30)
        self._thread.join(30)
        self.process.stderr.close()


def await_value(function, process=None):
    """The first true value of a function that is called again and again."""
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        value = function()
        if value:
            return value
        assert process is None or process.poll() is None, "the process ended"
        assert time.monotonic() < deadline_s, f"{function} did not come true within {PATIENCE_S} s"
        time.sleep(0.05)
