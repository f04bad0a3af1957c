"""Opens .pt files without running what is in them.

An Ultralytics .pt file is a pickle of a whole network, and a pickle can call any function. Here only tensors and plain
values are read and only the classes of known networks are taken, and these are filled, never called.
"""

from __future__ import annotations

import contextlib
import pickle
import re
from pathlib import Path
from typing import Any, Iterator

import torch
from torch import nn
from torch.torch_version import TorchVersion
from ultralytics.nn import tasks

from .errors import InputProblem

# PyTorch's own version is a string of this class: checkpoints of this trainer had it.
torch.serialization.add_safe_globals([TorchVersion])

MEND = "Give a .pt file that Ultralytics saved with its own classes, or an ONNX file."


def open_model(path: str | Path, what: str = "The model") -> tuple[nn.Module, dict[str, Any]]:
    """The network, ready to predict, and the rest of the file. Raises InputProblem that says what was refused, or why it cannot be read."""
    file = Path(path)
    if not file.is_file():
        raise InputProblem(f"{what} {path} is not there", "Give the path of a .pt file.")
    try:
        with _nothing_is_constructed():
            model, content = tasks.load_checkpoint(str(file))
    except Exception as problem:  # whatever a strange file makes of the unpickler
        if refused := _refused(problem):
            raise InputProblem(f"{what} {path} is not opened: it wants to load {refused}, which no network needs and which could run a stranger's code", MEND) from problem
        raise InputProblem(f"{what} {path} cannot be read as an Ultralytics model: {str(problem).strip().splitlines()[0][:300]}", MEND) from problem
    if not isinstance(getattr(model, "yaml", None), dict) or not isinstance(getattr(model, "names", None), dict):
        raise InputProblem(f"{what} {path} does not describe its network (yaml, names)", MEND)
    return model, content


def open_checkpoint(path: str | Path) -> dict[str, Any]:
    """A checkpoint's whole content. Raises whatever the file makes of the unpickler."""
    _guard()
    with _nothing_is_constructed():
        return tasks.torch_safe_load(str(path), safe_only=True)[0]


def image_size(content: dict[str, Any]) -> int | None:
    """Longer side of the input, as the file was trained."""
    imgsz = (content.get("train_args") or {}).get("imgsz")
    sides = imgsz if isinstance(imgsz, (list, tuple)) else [imgsz]
    return max(sides) if sides and all(isinstance(side, int) and side > 0 for side in sides) else None


@contextlib.contextmanager
def _nothing_is_constructed() -> Iterator[None]:
    """Unpickling a network fills modules that exist. Calling its class instead would build another, and may fetch what a file names."""
    _guard()
    begin = nn.Module.__init__

    def refuse(self: nn.Module, *_: Any, **__: Any) -> None:
        raise pickle.UnpicklingError(f"GLOBAL {type(self).__module__}.{type(self).__qualname__} is called")

    nn.Module.__init__ = refuse  # type: ignore[method-assign]
    try:
        yield
    finally:
        nn.Module.__init__ = begin  # type: ignore[method-assign]


def _guard() -> None:
    """Ultralytics' reader of known classes alone has to be on: with it, building a network from its description runs no code either."""
    if not (tasks.SAFE_LOAD and tasks._SafeLoad.SUPPORTED):
        raise RuntimeError("ULTRALYTICS_SAFE_LOAD has to be set before Ultralytics is imported")


def _refused(problem: BaseException | None) -> str | None:
    """The function or class that PyTorch's reader would not take, from the error or one of its causes."""
    while problem is not None:
        words = str(problem)
        if found := re.search(r"GLOBAL `?([\w.]+)|unsafe (getattr\([^)]*\))|(?:[Ff]unction|class|type) `?([\w.]+)`? (?:was not|is not|blocked)", words):
            return next(group for group in found.groups() if group)
        problem = problem.__cause__
    return None
