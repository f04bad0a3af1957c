"""Reads and checks a dataset folder: data.yaml, images/{train,val}, labels/{train,val}."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import yaml

from .errors import InputProblem

IMAGES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"}


@dataclass
class Frame:
    """One image and its labels, in pixels of the image."""

    path: str
    width: int
    height: int
    classes: np.ndarray  # n
    boxes: np.ndarray  # n x 4: x1, y1, x2, y2
    keypoints: np.ndarray  # n x K x 3: x, y, v


@dataclass
class Dataset:
    """`flip_idx` is None where nobody said which keypoint each one becomes in a mirror image."""

    yaml_path: str
    names: dict[int, str]
    keypoints: list[str]
    flip_idx: list[int] | None
    train: list[Frame]
    val: list[Frame]
    notes: list[str]

    @property
    def task(self) -> str:
        return "pose" if self.keypoints else "detect"

    @property
    def instances(self) -> int:
        return sum(len(frame.boxes) for frame in self.train)

    def animal_size(self) -> float:
        """Median over the training boxes of the longer side, as a share of the image's longer side."""
        return float(np.median([max(x2 - x1, y2 - y1) / max(f.width, f.height) for f in self.train for x1, y1, x2, y2 in f.boxes]))

    def seen_from_above(self) -> bool:
        """Whether animals point in all directions, so that a picture turned round looks just as real.

        With keypoints: the spread of the direction from the first half of the body to the second.
        Without: boxes that are wide and boxes that are tall both being common.
        """
        boxes = np.concatenate([f.boxes for f in self.train if len(f.boxes)])
        if not self.keypoints or len(self.keypoints) < 2:
            ratio = (boxes[:, 2] - boxes[:, 0]) / (boxes[:, 3] - boxes[:, 1])
            return min(float((ratio > 1.25).mean()), float((ratio < 0.8).mean())) > 0.15
        points = np.concatenate([f.keypoints for f in self.train if len(f.keypoints)])
        half = points.shape[1] // 2
        points = points[(points[:, :half, 2] > 0).any(axis=1) & (points[:, -half:, 2] > 0).any(axis=1)]
        front, back = (np.average(part[..., :2], axis=1, weights=(part[..., 2:] > 0).repeat(2, axis=2)) for part in (points[:, :half], points[:, -half:]))
        length = np.linalg.norm(back - front, axis=1, keepdims=True)
        direction = ((back - front) / length)[length[:, 0] > 0]
        return len(direction) >= 8 and float(np.linalg.norm(direction.mean(axis=0))) < 0.7


def read_dataset(path: str) -> Dataset:
    """Raises InputProblem, naming the file and the line, for what cannot train."""
    file = Path(path)
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        root = Path(data.get("path") or ".")
        root = root if root.is_absolute() else (file.parent / root)
        names = data["names"]
        names = {int(k): str(v) for k, v in (names.items() if isinstance(names, dict) else enumerate(names))}
        folders = {split: root / data[split] for split in ("train", "val")}
    except (OSError, KeyError, ValueError, AttributeError, TypeError, yaml.YAMLError) as problem:
        raise InputProblem(f"{path} is no usable data.yaml: {problem!r}", "Give a data.yaml with path, train, val and names.") from problem
    count = int((data.get("kpt_shape") or [0])[0])
    kpt_names = data.get("kpt_names") or [f"keypoint_{i}" for i in range(count)]
    if isinstance(kpt_names, dict):
        kpt_names = next(iter(kpt_names.values()))
    flip_idx = data.get("flip_idx") if count else None
    if len(kpt_names) != count or (flip_idx and sorted(flip_idx) != list(range(count))):
        raise InputProblem(f"{path}: kpt_names or flip_idx do not fit kpt_shape ({count} keypoints)", "Give one name and one flip index for each keypoint.")
    train, val = (_read_split(folders[split], len(names), count) for split in ("train", "val"))
    notes = []
    if not any(len(frame.boxes) for frame in train):
        raise InputProblem("No animal is labeled in the training images", "Draw a box around each animal in some frames and approve them.")
    if not any(len(frame.boxes) for frame in val):
        val = train
        notes.append("No validation image has labels: the training images are used to validate, so the figures are too good.")
    return Dataset(str(file), names, [str(n) for n in kpt_names], flip_idx or None, train, val, notes)


def _read_split(folder: Path, classes: int, keypoints: int) -> list[Frame]:
    images = sorted(p for p in folder.rglob("*") if p.suffix.lower() in IMAGES) if folder.is_dir() else []
    return [_read_frame(image, classes, keypoints) for image in images]


def _label_path(image: Path) -> Path:
    parts = list(image.parts)
    for i in range(len(parts) - 2, -1, -1):
        if parts[i] == "images":
            parts[i] = "labels"
            break
    return Path(*parts).with_suffix(".txt")


def _read_frame(image: Path, classes: int, keypoints: int) -> Frame:
    pixels = cv2.imread(str(image))
    if pixels is None:
        raise InputProblem(f"{image} cannot be read as an image", "Extract the frames again, or take this image out of the dataset.")
    height, width = pixels.shape[:2]
    labels = _label_path(image)
    rows = []
    for number, line in enumerate(labels.read_text().splitlines() if labels.exists() else [], 1):
        if not line.strip():
            continue
        mend = "Correct the label in this frame and approve again."
        try:
            row = [float(x) for x in line.split()]
        except ValueError:
            raise InputProblem(f"{labels} line {number} is no row of numbers", mend) from None
        if len(row) != 5 + 3 * keypoints:
            raise InputProblem(f"{labels} line {number} has {len(row)} numbers, not {5 + 3 * keypoints}", mend)
        if not 0 <= row[0] < classes or not np.isfinite(row).all():
            raise InputProblem(f"{labels} line {number} names class {row[0]:g}, which is not in names", mend)
        if min(row[3:5]) <= 0 or max(row[1:5]) > 1.001 or min(row[1:3]) < -0.001:
            raise InputProblem(f"{labels} line {number} has a box of zero size or outside the image", mend)
        rows.append(row)
    table = np.array(rows, dtype=np.float32).reshape(-1, 5 + 3 * keypoints)
    centre, half = table[:, 1:3], table[:, 3:5] / 2
    size = np.array([width, height], dtype=np.float32)
    points = table[:, 5:].reshape(len(table), keypoints, 3).copy()
    points[..., :2] *= size
    boxes = np.concatenate([(centre - half) * size, (centre + half) * size], axis=1)
    return Frame(str(image), width, height, table[:, 0].astype(int), boxes, points)
