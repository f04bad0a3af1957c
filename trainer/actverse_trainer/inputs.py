"""The images on which runtimes are compared, as the network gets them."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence, TypeVar

import cv2
import numpy as np
from ultralytics.data.augment import LetterBox

from .dataset import IMAGES, read_dataset
from .errors import InputProblem

#: What is compared of a folder of images, and what is kept as a reference.
MOST = 64

Item = TypeVar("Item")


def spread(items: Sequence[Item], most: int = MOST) -> list[Item]:
    """At most so many of them, evenly over all; the first and the last are among them."""
    if len(items) <= most:
        return list(items)
    return [items[round(i * (len(items) - 1) / (most - 1))] for i in range(most)]


def images_of(data: str | None, images: str | None) -> list[str]:
    """All validation images of a dataset, or at most MOST images of a folder. Raises InputProblem where there are none."""
    if data is not None:
        return [frame.path for frame in read_dataset(data).val]
    folder = Path(str(images))
    found = sorted(str(path) for path in folder.rglob("*") if path.suffix.lower() in IMAGES) if folder.is_dir() else []
    if not found:
        raise InputProblem(f"{images} is no folder with images", f"Give a folder with images ({', '.join(sorted(IMAGES))}).")
    return spread(found)


def letterboxed(path: str, letterbox: LetterBox) -> np.ndarray:
    """RGB, 8 bit, height x width x 3."""
    image = cv2.imread(path)
    if image is None:
        raise InputProblem(f"{path} cannot be read as an image", "Take this image out of the folder.")
    return np.ascontiguousarray(letterbox(image=image)[..., ::-1])


def as_batch(pixels: np.ndarray) -> np.ndarray:
    """1 x 3 x height x width, 32-bit floats from 0 to 1."""
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], dtype=np.float32) / 255
