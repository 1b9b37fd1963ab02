"""Memory of this process: what a step of training frees is there for the next one."""

from __future__ import annotations

import ctypes

MMAP_THRESHOLD, TRIM_THRESHOLD, ARENA_MAX = -3, -1, -8
"""Parameters of glibc's mallopt(3)."""


def keep_freed() -> None:
    """Let glibc keep what is freed. It would give it back to the system, which clears every page before it hands it out again.

    The tensors of a step are freed and wanted again many times a second. Threads have memory of their own, which glibc
    gives back even so; those that start after this share that of the process. Other C libraries are left as they are.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    if mallopt(MMAP_THRESHOLD, 2**30):  # without this the next line would have every tensor mapped
        mallopt(TRIM_THRESHOLD, 2**31 - 1)
        mallopt(ARENA_MAX, 1)
