"""A real TensorBoard application over a log directory, called without a socket."""

from __future__ import annotations

import argparse
import json
import time

import numpy as np
from tensorboard.backend import application
from tensorboard.backend.event_processing import data_ingester, data_provider, plugin_event_multiplexer
from tensorboard.plugins import base_plugin
from werkzeug.test import Client

from tb_neuromapper.backend.embeddings.routes import Embeddings
from tb_neuromapper.backend.http.frames import decode_frame
from tb_neuromapper.backend.loader import NeuroMapperLoader

PREFIX = "/data/plugin/neuromapper"


class Viewer:
    """TensorBoard's WSGI application with our plugin in it, over one log directory.

    Args:
        log_dir: The log directory.
        cache: The folder of the results cache.
        scheduler: Of a Dask cluster; empty for a worker of its own.
    """

    def __init__(self, log_dir, cache, scheduler=""):
        flags = argparse.Namespace(neuromapper_cache=str(cache), neuromapper_cache_gb=1.0)
        flags.neuromapper_scheduler = scheduler
        flags.samples_per_plugin = {}
        loader = NeuroMapperLoader()
        loader.fix_flags(flags)
        guidance = {**data_ingester.DEFAULT_TENSOR_SIZE_GUIDANCE, **flags.samples_per_plugin}
        self.multiplexer = plugin_event_multiplexer.EventMultiplexer(tensor_size_guidance=guidance)
        provider = data_provider.MultiplexerDataProvider(self.multiplexer, str(log_dir))
        context = base_plugin.TBContext(
            data_provider=provider, flags=flags, logdir=str(log_dir), multiplexer=self.multiplexer
        )
        self.log_dir = log_dir
        self.plugin = loader.load(context)
        self.cache = self.plugin._services.cache
        (self.projections,) = [each.projections for each in self.plugin._screens if isinstance(each, Embeddings)]
        self.client = Client(application.TensorBoardWSGI([self.plugin], data_provider=provider))
        self.reload()

    def reload(self):
        """Let TensorBoard read what was logged since."""
        self.multiplexer.AddRunsFromDirectory(str(self.log_dir))
        self.multiplexer.Reload()

    def get(self, path, **query):
        """The answer to a GET of one of our routes."""
        return self.client.get(f"{PREFIX}/{path}", query_string=query or None)

    def json(self, path, **query):
        """The JSON of a GET that succeeds."""
        response = self.get(path, **query)
        assert response.status_code == 200, response.text
        return response.json

    def frame(self, path, **query):
        """Arrays and attributes of a GET that succeeds."""
        response = self.get(path, **query)
        assert response.status_code == 200, response.text
        return decode_frame(response.data)

    def only_run(self):
        """The only run's line in `GET runs`."""
        (run,) = self.json("runs")["runs"]
        return run

    def positions(self, manifest, step):
        """Positions (n, 2) of a projection in the layout's own coordinates, NaN where there are none."""
        arrays, attributes = self.frame("positions", ids=manifest["id"], step=step)
        quanta = arrays[manifest["id"]].astype(float)
        quanta[(quanta == 65535).all(axis=1)] = np.nan
        low, high = np.array(attributes["extents"][manifest["id"]]).reshape(2, 2)
        return low + quanta / 65535 * (high - low)

    def post(self, path, body, **headers):
        """The answer to a POST with a JSON body."""
        return self.client.post(f"{PREFIX}/{path}", data=json.dumps(body), content_type="application/json", **headers)

    def project(self, run, **parameters):
        """Ask for all blocks and await the end of their jobs; the manifests."""
        response = self.post("projections", {"run": run, "parameters": parameters})
        assert response.status_code == 200, response.text
        return self.await_end([item["id"] for item in response.json["projections"]])

    def await_end(self, ids, timeout_s=300):
        """The manifests of some projections once no job of theirs is under way."""
        deadline_s = time.monotonic() + timeout_s
        while True:
            manifests = self.json("projections", ids=",".join(ids))["projections"]
            if all(item["state"] not in ("queued", "running") for item in manifests):
                return manifests
            assert time.monotonic() < deadline_s, manifests
            time.sleep(0.02)

    def close(self):
        """As TensorBoard does at its end."""
        self.plugin.close()
