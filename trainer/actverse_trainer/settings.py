"""From what was asked for to what is done: every default of training is chosen here."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from .dataset import Dataset
from .errors import InputProblem

#: Pixels that the animal's longer side should have in the network's input. Larger costs time, smaller costs accuracy.
ANIMAL_PIXELS = 64
#: Samples in a whole training, unless epochs are asked for: about 5 minutes on two cores for micro.
MICRO_SAMPLES = 24_576
#: The same for n and larger, which take whole frames: on a GPU, on a CPU.
LARGE_SAMPLES = 51_200, 6_400
#: Keys of the JSON that `train --settings` takes; null means the default.
ASKED = {"task", "base_model", "scale", "imgsz", "epochs", "patience", "batch", "device", "seed", "augment", "time_limit"}


@dataclass
class Settings:
    """All resolved. `imgsz`: longer side of the whole frame in validation and inference; `crop`: side of a training sample."""

    task: str
    base_model: str
    scale: str
    device: str
    imgsz: int
    crop: int
    epochs: int
    patience: int
    batch: int
    batches: int
    lr: float
    seed: int
    augment: bool
    rotate: bool
    mirror: bool
    time_limit: int | None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def moved_to(self, device: str, batch: int | None) -> "Settings":
        """For going on after a crash: perhaps elsewhere, perhaps with a smaller batch; as many samples an epoch as before."""
        batch = batch or self.batch
        return replace(self, device=device, batch=batch, batches=math.ceil(self.batches * self.batch / batch))

    @staticmethod
    def from_dict(values: dict[str, Any]) -> "Settings":
        return Settings(**{f.name: values[f.name] for f in fields(Settings)})


def pick_device(asked: str) -> str:
    """auto: the first CUDA device, else Apple's, else the CPU. Of several the first: a small dataset does not fill one."""
    import torch

    asked = asked.split(",")[0]
    if asked not in ("auto", "cuda"):
        if asked not in ("cpu", "mps") and not torch.cuda.is_available():
            raise InputProblem(f"Device {asked} was asked for, but there is no CUDA device", "Set training.device to auto or cpu.")
        return asked
    if torch.cuda.is_available():
        return "0"
    if asked == "cuda":
        raise InputProblem("Device cuda was asked for, but there is none", "Set training.device to auto or cpu.")
    return "mps" if torch.backends.mps.is_available() else "cpu"


def resolve(asked: dict[str, Any], data: Dataset) -> Settings:
    asked = {key: value for key, value in asked.items() if value is not None}
    if unknown := set(asked) - ASKED:
        raise InputProblem(f"Unknown training setting: {', '.join(sorted(unknown))}", f"Known are: {', '.join(sorted(ASKED))}.")
    for key in ("imgsz", "epochs", "patience", "batch", "time_limit"):
        if key in asked and (not isinstance(asked[key], int) or asked[key] < 1):
            raise InputProblem(f"training.{key} must be a whole number above 0", f"Correct training.{key}.")
    task = asked.get("task", "auto")
    task = data.task if task == "auto" else task
    if task == "pose" and not data.keypoints:
        raise InputProblem("training.task is pose, but the dataset has no keypoints", "Name the keypoints, or set training.task to detect.")
    device = pick_device(str(asked.get("device", "auto")))
    scale, base = asked.get("scale", "auto"), asked.get("base_model", "auto")
    if scale == "auto":
        scale = "micro" if device == "cpu" and base in ("auto", "scratch") else "n"
    micro = scale == "micro"
    imgsz = asked.get("imgsz") or _image_size(data, 960 if device == "cpu" else 1280)
    crop = min(imgsz, 192) if micro else imgsz
    batch = asked.get("batch") or (32 if micro else 16)
    # Several looks at each frame in an epoch, so that what comes with every epoch (validation, checkpoint) stays small beside it.
    samples = min(max(20 * len(data.train), 256), max(1024, data.instances)) if micro else max(256, len(data.train))
    return Settings(
        task=task,
        base_model=base,
        scale=scale,
        device=device,
        imgsz=imgsz,
        crop=crop,
        epochs=asked.get("epochs") or math.ceil((MICRO_SAMPLES if micro else LARGE_SAMPLES[device == "cpu"]) / samples),
        patience=asked.get("patience") or 100,
        batch=batch,
        batches=math.ceil(samples / batch),
        lr=0.006 if micro else 0.001,
        seed=asked.get("seed", 0),
        augment=asked.get("augment", True),
        rotate=data.seen_from_above(),
        mirror=task == "detect" or data.flip_idx is not None,
        time_limit=asked.get("time_limit"),
    )


def _image_size(data: Dataset, limit: int) -> int:
    """A multiple of 32 at which the animals have ANIMAL_PIXELS; never above the frames' own size."""
    own = max(max(frame.width, frame.height) for frame in data.train)
    wanted = ANIMAL_PIXELS / data.animal_size()
    return int(min(max(round(min(wanted, own, limit) / 32) * 32, 192), 2048))
