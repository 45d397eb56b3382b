"""What a training may use: memory beyond what torch and the data set take, and time."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

try:
    import resource
except ImportError:  # Windows: memory is not bounded there.
    resource = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Limits:
    """Bounds of one training.

    Attributes:
        time_s: Seconds that it may take, from when its data set is loaded.
        memory_bytes: Memory that it may take beyond what the process takes once torch and the data set are loaded.
    """

    time_s: float = 600.0
    memory_bytes: int = 2 << 30


def bound_address_space(extra_bytes: int) -> None:
    """Let allocations fail beyond what is mapped now and `extra_bytes` more; does nothing off Linux.

    0.8 GB are mapped after the imports.
    """
    if resource is None or not sys.platform.startswith("linux"):
        return
    n_pages = int(Path("/proc/self/statm").read_text().split()[0])
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = n_pages * resource.getpagesize() + extra_bytes
    if hard == resource.RLIM_INFINITY or wanted < hard:
        resource.setrlimit(resource.RLIMIT_AS, (wanted, wanted))


def peak_memory_bytes() -> int:
    """The most memory that was resident so far; 0 where the system does not say."""
    if resource is None:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
