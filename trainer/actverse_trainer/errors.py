"""Errors that a person can mend, and how errors are told."""

from __future__ import annotations

import gc
import traceback
from typing import Any

from .memory import is_memory


class InputProblem(Exception):
    """What was given is wrong or not enough. `what_to_do` says how to mend it, in one sentence."""

    def __init__(self, message: str, what_to_do: str):
        super().__init__(message)
        self.what_to_do = what_to_do


def error_of(problem: Exception) -> dict[str, str]:
    """The fields of an error event; the trace goes to stderr. Lets go of what the trace holds: memory may be short."""
    message = (str(problem) or type(problem).__name__)[:2000]
    if isinstance(problem, InputProblem):
        kind, what_to_do = "input", problem.what_to_do
    elif is_memory(problem):
        kind, what_to_do = "memory", "Lower training.batch or training.imgsz, or train on a machine with more memory."
    else:
        kind, what_to_do = "crash", "Try again; the log of the training worker has the details."
    traceback.clear_frames(problem.__traceback__)
    gc.collect()
    try:
        traceback.print_exception(problem)
    except MemoryError:
        pass
    return {"kind": kind, "message": message, "what_to_do": what_to_do}
