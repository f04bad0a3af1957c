"""A .pt model to ONNX."""

from __future__ import annotations

import math
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from torch import nn
from ultralytics import YOLO

from .errors import InputProblem
from .safe import image_size, open_model

TASKS = ("detect", "pose")


@dataclass
class Opened:
    """A model that was asked to be exported or compared. `imgsz`: longer side of its input, a multiple of its stride."""

    model: nn.Module
    task: str
    imgsz: int
    stride: int


def open_for(model: str, imgsz: int | None) -> Opened:
    """Raises InputProblem for a file that is not opened, or whose model is for another task, or that has no size."""
    network, content = open_model(model)
    task = str(getattr(network, "task", ""))
    if task not in TASKS:
        raise InputProblem(f"The model {model} is made for {task or 'an unknown task'}", f"Give a model for {' or '.join(TASKS)}.")
    size = imgsz or image_size(content)
    if not size:
        raise InputProblem(f"The model {model} does not say at which size it was trained", "Give --imgsz.")
    stride = max(int(network.stride.max()), 32)
    return Opened(network, task, math.ceil(size / stride) * stride, stride)


def export_onnx(model: str, imgsz: int, output: str) -> None:
    """Raw heads, no NMS; batch, height and width are free. Names, keypoints, task and imgsz are in the file's metadata."""
    target = Path(output)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        copy = Path(folder) / "model.pt"
        shutil.copyfile(model, copy)
        open_model(copy)  # what is exported is what was looked at, also where the file at `model` changes
        made = YOLO(str(copy)).export(format="onnx", imgsz=imgsz, dynamic=True, simplify=True, device="cpu", verbose=False)
        Path(made).replace(target)
