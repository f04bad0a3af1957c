"""Whether an error says that memory ran out: a smaller batch may then help."""

from __future__ import annotations

import errno

#: As PyTorch, its CUDA libraries, oneDNN, OpenCV, the C++ library and data loaders say it.
WORDS = (
    "out of memory",
    "can't allocate memory",
    "cannot allocate memory",
    "not enough memory",
    "insufficient memory",
    "insufficient shared memory",
    "failed to allocate",
    "unable to allocate",
    "bad_alloc",
    "alloc_failed",
    "cudnn_status_internal_error",
    "unable to find an engine",
    "could not create a memory",
    "could not create a primitive",
    "could not execute a primitive",
    "can't start new thread",
    "is killed by signal: killed",
)
#: Room to tell of it: kept until then.
RESERVE_BYTES = 16 << 20


def is_memory(problem: BaseException | None) -> bool:
    """Also where the error was raised from another that says so."""
    seen: set[int] = set()
    while problem is not None and id(problem) not in seen:
        seen.add(id(problem))
        if isinstance(problem, MemoryError) or (isinstance(problem, OSError) and problem.errno == errno.ENOMEM):
            return True
        words = str(problem).lower()
        if any(word in words for word in WORDS):
            return True
        problem = problem.__cause__ or problem.__context__
    return False
