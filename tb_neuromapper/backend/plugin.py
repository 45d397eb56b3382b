"""The TensorBoard plugin: wires the reader, the cache, the worker and the routes together."""

from __future__ import annotations

import atexit
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tensorboard.context import RequestContext
from tensorboard.plugins import base_plugin

from tb_neuromapper.backend.cache import DEFAULT_MAX_BYTES, ResultCache, default_folder
from tb_neuromapper.backend.embeddings.projections import Projections
from tb_neuromapper.backend.embeddings.routes import Routes
from tb_neuromapper.backend.http.requests import route
from tb_neuromapper.backend.http.static import serve_static
from tb_neuromapper.backend.jobs.scheduler import open_executor
from tb_neuromapper.backend.log.arrays import ArrayLoader
from tb_neuromapper.backend.log.reader import LogReader
from tb_neuromapper.backend.log.scalars import ScalarReader
from tb_neuromapper.backend.playground.routes import open_playground
from tb_neuromapper.schema import PLUGIN_NAME

_N_SCALARS_KEPT = 1000  # TensorBoard's own default, which both ingesters have.


class NeuroMapperPlugin(base_plugin.TBPlugin):  # type: ignore[misc]
    """The NeuroMapper tab.

    Args:
        context: TensorBoard's TBContext.
    """

    plugin_name = PLUGIN_NAME

    def __init__(self, context: base_plugin.TBContext) -> None:
        flags = context.flags
        self._provider = context.data_provider
        folder = getattr(flags, "neuromapper_cache", "") or default_folder()
        max_gb = getattr(flags, "neuromapper_cache_gb", DEFAULT_MAX_BYTES / 2**30)
        cache = ResultCache(Path(folder).expanduser(), int(max_gb * 2**30))
        reader = LogReader(context.data_provider, run_directories(context))
        loader = ArrayLoader(reader, cache)
        self._executor = open_executor(getattr(flags, "neuromapper_scheduler", ""))
        self._projections = Projections(cache, loader, self._executor)
        log_dir = context.logdir or getattr(flags, "logdir_spec", "") or ""
        scalars = ScalarReader(context.data_provider, _n_scalars_kept(flags))
        self._playground = open_playground(context)
        self._routes = Routes(
            log_dir, reader, loader, self._projections, scalars, has_playground=self._playground.is_on
        )
        atexit.register(self.close)

    def get_plugin_apps(self) -> dict[str, Callable[..., Any]]:
        applications = {**self._routes.applications(), **self._playground.applications()}
        return {**applications, "/static/*": route(serve_static, "GET")}

    def close(self) -> None:
        """End the worker and the trainings, and remove what only running jobs need."""
        atexit.unregister(self.close)
        self._playground.close()
        self._projections.clean_up()
        self._executor.shutdown(wait=False, cancel_futures=True)

    def is_active(self) -> bool:
        """Whether any run has our data; TensorBoard then shows the tab without being asked."""
        plugins = self._provider.list_plugins(RequestContext(), experiment_id="")
        return plugins is not None and PLUGIN_NAME in plugins

    def frontend_metadata(self) -> base_plugin.FrontendMetadata:
        return base_plugin.FrontendMetadata(es_module_path="/static/index.js", tab_name="NeuroMapper")


def _n_scalars_kept(flags: Any) -> int:
    """How many values of a scalar TensorBoard keeps in memory; 0 = all."""
    samples = getattr(flags, "samples_per_plugin", None)
    kept = samples.get("scalars", _N_SCALARS_KEPT) if isinstance(samples, dict) else _N_SCALARS_KEPT
    return int(kept)


def run_directories(context: base_plugin.TBContext) -> Callable[[str], Path | None]:
    """A function from a run's name to its folder, or None if it is not on this machine."""

    def directory(run: str) -> Path | None:
        multiplexer = context.multiplexer
        paths = multiplexer.RunPaths() if multiplexer is not None else {}
        path = paths.get(run) or (str(Path(context.logdir) / run) if context.logdir else None)
        return None if path is None or "://" in path else Path(path)

    return directory
