"""Which network is trained, and from where it begins."""

from __future__ import annotations

import os
import time
import urllib.request
from copy import deepcopy
from pathlib import Path
from typing import Any

from torch import nn
from ultralytics.nn.modules import Conv
from ultralytics.nn.tasks import DetectionModel, PoseModel, yaml_model_load

from .dataset import Dataset
from .environment import cache_folder
from .errors import InputProblem
from .safe import open_model
from .settings import Settings

#: Below YOLO11n: learns one video from scratch on two CPU cores in minutes. YOLO11 without its attention block, which
#: sees the whole input at once and so would not carry over from small training crops to whole frames.
MICRO: dict[str, Any] = {
    "scale": "micro",
    "scales": {"micro": [0.33, 0.125, 1024]},
    "backbone": [
        [-1, 1, "Conv", [64, 3, 2]],
        [-1, 1, "Conv", [128, 3, 2]],
        [-1, 2, "C3k2", [256, False, 0.25]],
        [-1, 1, "Conv", [256, 3, 2]],
        [-1, 2, "C3k2", [512, False, 0.25]],
        [-1, 1, "Conv", [512, 3, 2]],
        [-1, 2, "C3k2", [512, True]],
        [-1, 1, "Conv", [1024, 3, 2]],
        [-1, 2, "C3k2", [1024, True]],
        [-1, 1, "SPPF", [1024, 5]],
    ],
    "head": [
        [-1, 1, "nn.Upsample", [None, 2, "nearest"]],
        [[-1, 6], 1, "Concat", [1]],
        [-1, 2, "C3k2", [512, False]],
        [-1, 1, "nn.Upsample", [None, 2, "nearest"]],
        [[-1, 4], 1, "Concat", [1]],
        [-1, 2, "C3k2", [256, False]],
        [-1, 1, "Conv", [256, 3, 2]],
        [[-1, 12], 1, "Concat", [1]],
        [-1, 2, "C3k2", [512, False]],
        [-1, 1, "Conv", [512, 3, 2]],
        [[-1, 9], 1, "Concat", [1]],
        [-1, 2, "C3k2", [1024, True]],
    ],
}
#: Channels of the keypoint branch; YOLO11's rule gives a narrow network 3 for each keypoint, too few to learn from.
KEYPOINT_CHANNELS = 48
DOWNLOAD_SECONDS = 120
RELEASE = "https://github.com/ultralytics/assets/releases/download/v8.4.0/"


def architecture(settings: Settings) -> dict[str, Any]:
    """The model yaml as a dict."""
    if settings.scale != "micro":
        return yaml_model_load(f"yolo11{settings.scale}{'-pose' if settings.task == 'pose' else ''}.yaml")
    last = [[15, 18, 21], 1, "Pose", ["nc", "kpt_shape"]] if settings.task == "pose" else [[15, 18, 21], 1, "Detect", ["nc"]]
    yaml = deepcopy(MICRO)
    yaml["head"].append(last)
    return yaml | {"nc": 80, **({"kpt_shape": [17, 3]} if settings.task == "pose" else {})}


def build(cfg: dict[str, Any], data: Dataset, task: str, weights: nn.Module | None) -> nn.Module:
    """A network for this dataset; takes over whatever of `weights` has the same name and shape."""
    classes = len(data.names)
    if task == "pose":
        model: DetectionModel = PoseModel(cfg, nc=classes, data_kpt_shape=(len(data.keypoints), 3), verbose=False)
        if cfg.get("scale") == "micro":
            _widen_keypoint_branch(model)
    else:
        model = DetectionModel(cfg, nc=classes, verbose=False)
    model.names = data.names
    if weights is not None:
        model.load(weights, verbose=False)
    return model


def build_on(path: str, weights: nn.Module, data: Dataset, task: str) -> nn.Module:
    """A network as the model at `path` describes it, with its weights. Raises InputProblem where its description is of no use."""
    try:
        return build(weights.yaml, data, task, weights)
    except Exception as problem:  # whatever a strange description makes of the builder
        raise InputProblem(f"The base model {path} describes a network that cannot be built: {str(problem)[:300]}", "Give another .pt file, or set training.base_model to auto.") from problem


def _widen_keypoint_branch(model: nn.Module) -> None:
    head = model.model[-1]
    inputs = [branch[0].conv.in_channels for branch in head.cv4]
    c = max(KEYPOINT_CHANNELS, head.nk)
    head.cv4 = nn.ModuleList(nn.Sequential(Conv(x, c, 3), Conv(c, c, 3), nn.Conv2d(c, head.nk, 1)) for x in inputs)


def find_base(settings: Settings) -> tuple[str | None, str]:
    """The .pt file to begin from, or None for scratch; and what to tell people.

    auto: a pretrained base of this scale where it is at hand or can be had, else from scratch. There is none for micro.
    """
    asked = settings.base_model
    name = f"yolo11{settings.scale}{'-pose' if settings.task == 'pose' else ''}.pt"
    scratch = f"from scratch ({'a small YOLO11 of ours' if settings.scale == 'micro' else name.removesuffix('.pt')})"
    if asked == "scratch" or (asked == "auto" and settings.scale == "micro"):
        return None, scratch
    if asked == "auto":
        found = _obtain(name)
        return (found, f"pretrained {found}") if found else (None, f"{scratch}; the pretrained {name} is not here and could not be downloaded")
    found = asked if Path(asked).is_file() else _obtain(asked if asked.endswith(".pt") else f"{asked}.pt")
    if not found:
        raise InputProblem(f"The base model {asked} is no file and could not be downloaded", "Give the path of a .pt file, or set training.base_model to auto or scratch.")
    model, _ = open_model(found, "The base model")
    if model.task != settings.task:
        raise InputProblem(f"The base model {asked} is made for {model.task}, not for {settings.task}", f"Give a {settings.task} model, or set training.base_model to auto.")
    return found, f"pretrained {found}"


def _obtain(name: str) -> str | None:
    """From the weights folder, else downloaded into it; None where neither works. Never waits long."""
    folder = Path(os.environ.get("ACTVERSE_WEIGHTS") or cache_folder() / "weights")
    file = folder / Path(name).name
    if file.is_file():
        return str(file)
    part = folder / f"part-{os.getpid()}.pt"
    until = time.monotonic() + DOWNLOAD_SECONDS
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with urllib.request.urlopen(RELEASE + file.name, timeout=5) as answer, open(part, "wb") as out:
            while block := answer.read(1 << 16):
                out.write(block)
                if time.monotonic() > until:
                    raise TimeoutError(f"not downloaded within {DOWNLOAD_SECONDS} s")
        open_model(part)
        part.replace(file)
    except Exception as problem:
        print(f"no {file.name}: {problem}", flush=True)
        part.unlink(missing_ok=True)
        return None
    return str(file)
