"""Bounds the memory that Arrow may take, which must be said before pyarrow is loaded.

A compressed message of some kilobytes unpacks to gigabytes before any code of the server's sees it.
Arrow's allocator can be given a fixed reservation instead: what does not fit fails as an error of
that one call.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Final

DEFAULT_MEMORY_MB: Final = 2048
_RESERVE: Final = "MIMALLOC_RESERVE_OS_MEMORY"


def memory_environment(environment: Mapping[str, str], memory_mb: int) -> dict[str, str]:
    """Return `environment` with Arrow's memory bounded to `memory_mb` mebibytes.

    They are reserved, not taken. A bound that is already there stays.
    """
    if _RESERVE in environment:
        return dict(environment)
    return {
        **environment,
        "ARROW_DEFAULT_MEMORY_POOL": "mimalloc",
        _RESERVE: f"{memory_mb}MiB",
        "MIMALLOC_DISALLOW_OS_ALLOC": "1",
    }


def relaunch_bounded(arguments: Sequence[str], memory_mb: int = DEFAULT_MEMORY_MB) -> None:
    """Replace this process by `python ARGUMENTS…` with bounded memory; return where it has a bound.

    Call it before anything is opened: nothing of this process is left.
    """
    if _RESERVE in os.environ:
        return
    environment = memory_environment(os.environ, memory_mb)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, [sys.executable, *arguments], environment)  # noqa: S606 - no shell
