"""The entry point that TensorBoard imports at every start; it imports nothing heavy."""

from __future__ import annotations

import argparse
from typing import Any

from tensorboard.plugins import base_plugin

from tb_neuromapper.backend.http.loopback import check_flags
from tb_neuromapper.backend.jobs.scheduler import check_scheduler
from tb_neuromapper.schema import PLUGIN_NAME


class NeuroMapperLoader(base_plugin.TBLoader):  # type: ignore[misc]
    """Declares the flags and, when TensorBoard sets itself up, makes the plugin."""

    def define_flags(self, parser: argparse.ArgumentParser) -> None:
        """Add our flags to TensorBoard's command line."""
        group = parser.add_argument_group("NeuroMapper plugin")
        group.add_argument(
            "--neuromapper_cache",
            metavar="DIR",
            default="",
            help="Where computed layouts are kept (default: the user's cache directory).",
        )
        group.add_argument(
            "--neuromapper_cache_gb",
            metavar="GB",
            type=float,
            default=4.0,
            help="Bound on the size of that directory; the least recently used layouts go first (default: 4).",
        )
        group.add_argument(
            "--neuromapper_scheduler",
            metavar="ADDRESS",
            default="",
            help="Compute layouts on the Dask cluster at this address, for example tcp://10.0.0.1:8786.",
        )
        group.add_argument(
            "--neuromapper_playground",
            action="store_true",
            help="Let the page train small networks on this machine; only where TensorBoard listens on localhost.",
        )
        group.add_argument(
            "--neuromapper_data",
            metavar="DIR",
            default="data",
            help="Where the playground looks for MNIST's files (default: data).",
        )

    def fix_flags(self, flags: argparse.Namespace) -> None:
        """Check our flags, and ask TensorBoard to keep all our steps.

        Raises:
            FlagsError: A value is not allowed, or cannot be fulfilled here.
        """
        if not 0 < flags.neuromapper_cache_gb < 1e6:
            raise base_plugin.FlagsError(
                f"--neuromapper_cache_gb is {flags.neuromapper_cache_gb}; "
                "only a number above 0 and below a million is allowed."
            )
        try:
            check_scheduler(flags.neuromapper_scheduler)
            if getattr(flags, "neuromapper_playground", False):
                check_flags(flags)
        except ValueError as error:
            raise base_plugin.FlagsError(str(error)) from error
        samples = getattr(flags, "samples_per_plugin", None)
        if isinstance(samples, dict):
            samples.setdefault(PLUGIN_NAME, 0)  # 0 keeps all steps; TensorBoard's default would keep ten.

    def load(self, context: Any) -> Any:
        """The plugin over one log directory; `context` is TensorBoard's TBContext."""
        from tb_neuromapper.backend.plugin import NeuroMapperPlugin

        return NeuroMapperPlugin(context)
