"""A bounded store of what was used last."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")
_ITEM_BYTES = 4096  # What an entry costs beside its arrays, roughly.


class LruCache:
    """The most recently used values, up to a number of bytes. Threads may share it.

    Args:
        max_bytes: Bound on the values and 4 kB for each; the least recently used go first, the newest never.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._values: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._n_bytes = 0

    def has(self, key: Hashable) -> bool:
        """Whether a value is kept under a key; asking does not count as using it."""
        with self._lock:
            return key in self._values

    def peek(self, key: Hashable) -> Any:
        """The value under a key, now the most recently used; None if there is none."""
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key][0]

    def get(self, key: Hashable, load: Callable[[], T], n_bytes: int) -> T:
        """The value under a key, loaded and kept as `n_bytes` if there is none; what `load` raises is passed on."""
        found: T | None = self.peek(key)
        if found is None:
            found = load()
            self.put(key, found, n_bytes)
        return found

    def put(self, key: Hashable, value: Any, n_bytes: int) -> None:
        """Keep a value of so many bytes in place of the one under its key, if there is one."""
        cost = n_bytes + _ITEM_BYTES
        with self._lock:
            self._n_bytes += cost - (self._values.pop(key)[1] if key in self._values else 0)
            self._values[key] = (value, cost)
            while self._n_bytes > self._max_bytes and len(self._values) > 1:
                _, (_, dropped) = self._values.popitem(last=False)
                self._n_bytes -= dropped
