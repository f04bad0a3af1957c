"""From what was asked for to what is done: every default of training is chosen here."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from .asked import check_asked, switches_of
from .dataset import Dataset
from .errors import InputProblem

#: Pixels that the animal's longer side should have in the network's input. Larger costs time, smaller costs accuracy.
ANIMAL_PIXELS = 64
#: Samples in a whole training, unless epochs are asked for: about 5 minutes on two cores for micro.
MICRO_SAMPLES = 24_576
#: The same for n and larger, which take whole frames: on a GPU, on a CPU.
LARGE_SAMPLES = 51_200, 6_400


@dataclass
class Settings:
    """All resolved. `imgsz`: longer side of the whole frame in validation and inference; `crop`: side of a training sample.

    `augment`: the switches that were asked for; `rotate`: to all angles and not to some degrees; `mirror`: mirror images are made.
    """

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
    augment: dict[str, bool]
    rotate: bool
    mirror: bool
    time_limit: int | None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def devices(self) -> list[str]:
        return self.device.split(",")

    def moved_to(self, device: str, batch: int | None) -> "Settings":
        """For going on after a crash: perhaps elsewhere, perhaps with a smaller batch; as many samples an epoch as before."""
        batch = _divisible(batch or self.batch, device)
        return replace(self, device=device, batch=batch, batches=math.ceil(self.batches * self.batch / batch))

    @staticmethod
    def from_dict(values: dict[str, Any]) -> "Settings":
        known = {f.name: values[f.name] for f in fields(Settings)}
        return Settings(**known | {"augment": switches_of(known["augment"])})


def pick_device(asked: str) -> str:
    """auto: the first CUDA device, else Apple's, else the CPU. Of several the first: a small dataset does not fill one."""
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    there = f"There {'is' if count == 1 else 'are'} {count or 'no'} CUDA device{'' if count == 1 else 's'} here"
    mend = "Set training.device to auto or cpu" + (f", or to numbers from 0 to {count - 1}." if count else ".")
    if asked == "auto":
        return "0" if count else "mps" if torch.backends.mps.is_available() else "cpu"
    if asked == "cuda":
        asked = "0"
    if asked == "mps" and not torch.backends.mps.is_available():
        raise InputProblem("training.device is mps, but this is no Apple computer with Metal", mend)
    if asked[0].isdigit():
        numbers = [int(number) for number in asked.split(",")]
        if max(numbers) >= count:
            raise InputProblem(f"training.device is {asked}. {there}", mend)
        if len(set(numbers)) < len(numbers):
            raise InputProblem(f"training.device is {asked}, which names a GPU twice", "Name each GPU once in training.device.")
    return asked


def _divisible(batch: int, device: str) -> int:
    """Each device gets the same share of a batch."""
    count = len(device.split(","))
    return math.ceil(batch / count) * count


def resolve(asked: dict[str, Any], data: Dataset) -> Settings:
    asked = check_asked(asked)
    task = asked.get("task", "auto")
    task = data.task if task == "auto" else task
    if task == "pose" and not data.keypoints:
        raise InputProblem("training.task is pose, but the dataset has no keypoints", "Name the keypoints, or set training.task to detect.")
    device = pick_device(asked.get("device", "auto"))
    on_cpu = device.startswith("cpu")
    scale, base = asked.get("scale", "auto"), asked.get("base_model", "auto")
    if scale == "auto":
        scale = "micro" if on_cpu and base in ("auto", "scratch") else "n"
    micro = scale == "micro"
    imgsz = asked.get("imgsz") or _image_size(data, 960 if on_cpu else 1280)
    crop = min(imgsz, 192) if micro else imgsz
    batch = _divisible(asked.get("batch") or (32 if micro else 16), device)
    augment = switches_of(asked.get("augment", True))
    # Several looks at each frame in an epoch, so that what comes with every epoch (validation, checkpoint) stays small beside it.
    samples = min(max(20 * len(data.train), 256), max(1024, data.instances)) if micro else max(256, len(data.train))
    return Settings(
        task=task,
        base_model=base,
        scale=scale,
        device=device,
        imgsz=imgsz,
        crop=crop,
        epochs=asked.get("epochs") or math.ceil((MICRO_SAMPLES if micro else LARGE_SAMPLES[on_cpu]) / samples),
        patience=asked.get("patience") or 100,
        batch=batch,
        batches=math.ceil(samples / batch),
        lr=0.006 if micro else 0.001,
        seed=asked.get("seed", 0),
        augment=augment,
        rotate=augment["rotate"] and data.seen_from_above(),
        mirror=augment["flip"] and (task == "detect" or data.flip_idx is not None),
        time_limit=asked.get("time_limit"),
    )


def _image_size(data: Dataset, limit: int) -> int:
    """A multiple of 32 at which the animals have ANIMAL_PIXELS; never above the frames' own size."""
    own = max(max(frame.width, frame.height) for frame in data.train)
    wanted = ANIMAL_PIXELS / data.animal_size()
    return int(min(max(round(min(wanted, own, limit) / 32) * 32, 192), 2048))
