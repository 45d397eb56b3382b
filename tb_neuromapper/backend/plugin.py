"""The TensorBoard plugin: opens what the registry of screens lists, over one set of services."""

from __future__ import annotations

import atexit
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tensorboard.context import RequestContext
from tensorboard.plugins import base_plugin

from tb_neuromapper.backend.cache import DEFAULT_MAX_BYTES, ResultCache, default_folder
from tb_neuromapper.backend.http.requests import Application, route
from tb_neuromapper.backend.http.static import serve_static
from tb_neuromapper.backend.jobs.scheduler import open_executor
from tb_neuromapper.backend.log.reader import LogReader
from tb_neuromapper.backend.screens import open_screens
from tb_neuromapper.backend.services import Closes, Services, open_services
from tb_neuromapper.schema import PLUGIN_NAME

_N_SCALARS_KEPT = 1000  # TensorBoard's own default, which both ingesters have.


class NeuroMapperPlugin(base_plugin.TBPlugin):  # type: ignore[misc]
    """The NeuroMapper tab.

    Args:
        context: TensorBoard's TBContext.

    Raises:
        ValueError: A flag cannot be fulfilled.
    """

    plugin_name = PLUGIN_NAME

    def __init__(self, context: base_plugin.TBContext) -> None:
        self._provider = context.data_provider
        self._services = services_of(context)
        self._screens = open_screens(self._services)
        atexit.register(self.close)

    def get_plugin_apps(self) -> dict[str, Application]:
        """All screens' WSGI applications by path, and the page's files."""
        applications = {path: each for screen in self._screens for path, each in screen.applications().items()}
        return {**applications, "/static/*": route(serve_static, "GET")}

    def close(self) -> None:
        """End what the screens hold, and the worker."""
        atexit.unregister(self.close)
        for screen in self._screens:
            if isinstance(screen, Closes):
                screen.close()
        self._services.executor.shutdown(wait=False, cancel_futures=True)

    def is_active(self) -> bool:
        """Whether any run has our data; TensorBoard then shows the tab without being asked."""
        plugins = self._provider.list_plugins(RequestContext(), experiment_id="")
        return plugins is not None and PLUGIN_NAME in plugins

    def frontend_metadata(self) -> base_plugin.FrontendMetadata:
        """The tab's name, and the module that the page starts with."""
        return base_plugin.FrontendMetadata(es_module_path="/static/index.js", tab_name="NeuroMapper")


def services_of(context: base_plugin.TBContext) -> Services:
    """The services as TensorBoard's context and flags want them; flags that a test leaves out have their defaults."""
    flags = context.flags
    folder = getattr(flags, "neuromapper_cache", "") or default_folder()
    max_gb = getattr(flags, "neuromapper_cache_gb", DEFAULT_MAX_BYTES / 2**30)
    return open_services(
        LogReader(context.data_provider, run_directories(context)),
        ResultCache(Path(folder).expanduser(), int(max_gb * 2**30)),
        open_executor(getattr(flags, "neuromapper_scheduler", "")),
        log_dir=context.logdir or getattr(flags, "logdir_spec", "") or "",
        flags=flags,
        n_scalars_kept=_n_scalars_kept(flags),
    )


def run_directories(context: base_plugin.TBContext) -> Callable[[str], Path | None]:
    """A function from a run's name to its folder, or None if it is not on this machine."""

    def directory(run: str) -> Path | None:
        multiplexer = context.multiplexer
        paths = multiplexer.RunPaths() if multiplexer is not None else {}
        path = paths.get(run) or (str(Path(context.logdir) / run) if context.logdir else None)
        return None if path is None or "://" in path else Path(path)

    return directory


def _n_scalars_kept(flags: Any) -> int:
    """How many values of a scalar TensorBoard keeps in memory; 0 = all."""
    samples = getattr(flags, "samples_per_plugin", None)
    kept = samples.get("scalars", _N_SCALARS_KEPT) if isinstance(samples, dict) else _N_SCALARS_KEPT
    return int(kept)
