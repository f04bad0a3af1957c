"""Training samples: random crops around the animals, turned, scaled and re-lit; and whole frames to validate."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import torch
from ultralytics.data.dataset import YOLODataset

from .dataset import Dataset, Frame
from .settings import Settings

GREY = 114
#: Kept in memory as resized frames, by each data loader; what does not fit is read again each time.
CACHE_BYTES = 1 << 30
#: A box of which less than this share lies in the crop is not a training target.
MIN_VISIBLE = 0.3
#: Share of crops that are taken anywhere, to learn the background.
ANYWHERE = 0.12


class _Labels(YOLODataset):
    """Labels come from our own reader: checked once, and no cache file is written beside the dataset."""

    def __init__(self, frames: list[Frame], **options: Any):
        self.frames = frames
        super().__init__(img_path="", **options)

    def get_img_files(self, img_path: Any) -> list[str]:
        return [frame.path for frame in self.frames]

    def get_labels(self) -> list[dict]:
        return [_label(frame) for frame in self.frames]


class WholeFrames(_Labels):
    """Frames as inference sees them."""


class Crops(_Labels):
    """`length` samples an epoch. Each is one warp straight from the frame: position, angle, scale and mirror at once."""

    def __init__(self, frames: list[Frame], dataset: Dataset, settings: Settings, length: int, **options: Any):
        self.settings = settings
        self.flip_idx = dataset.flip_idx
        self.length = length
        self.pixels: dict[int, tuple[np.ndarray, float]] = {}
        self.cached = 0
        super().__init__(frames, **options)
        self.targets = [(i, j) for i, frame in enumerate(frames) for j in range(len(frame.boxes))]

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> dict[str, Any]:
        whole = self.settings.crop >= self.settings.imgsz
        if whole or np.random.rand() < ANYWHERE:
            i, j = index % len(self.frames), None
        else:
            i, j = self.targets[index % len(self.targets)]
        frame = self.frames[i]
        matrix, mirrored = self._matrix(frame, j, whole)
        image, stored = self._image(i)
        side = self.settings.crop
        warp = matrix @ np.diag([1 / stored, 1 / stored, 1.0])
        warp[:, 2] += warp[:, :2].sum(axis=1) / 2 - 0.5  # OpenCV counts from the middle of the first pixel, labels from its corner
        image = cv2.warpAffine(image, warp, (side, side), flags=cv2.INTER_LINEAR, borderValue=(GREY, GREY, GREY))
        if self.settings.augment["color"]:
            image = _relight(image)
        classes, boxes, keypoints = _move(frame, matrix, side, self.flip_idx if mirrored else None)
        sample = {
            "img": torch.from_numpy(np.ascontiguousarray(image[..., ::-1].transpose(2, 0, 1))),
            "cls": torch.from_numpy(classes.astype(np.float32).reshape(-1, 1)),
            "bboxes": torch.from_numpy(boxes),
            "batch_idx": torch.zeros(len(classes)),
            "im_file": frame.path,
            "ori_shape": (frame.height, frame.width),
            "resized_shape": (side, side),
        }
        if self.use_keypoints:
            sample["keypoints"] = torch.from_numpy(keypoints)
        return sample

    def _matrix(self, frame: Frame, j: int | None, whole: bool) -> tuple[np.ndarray, bool]:
        """2 x 3: pixels of the frame to pixels of the sample; and whether it mirrors."""
        s, side, random = self.settings, self.settings.crop, np.random
        scale = s.imgsz / max(frame.width, frame.height)
        angle = 0.0
        if s.augment["scale"]:
            scale *= math.exp(random.uniform(math.log(0.7), math.log(1.4)))
        if s.augment["rotate"]:
            angle = random.uniform(-15, 15) + (90 * random.randint(4) if s.rotate else 0)
        mirrored = s.mirror and random.rand() < 0.5
        if whole:
            centre = np.array([frame.width, frame.height]) / 2 + random.uniform(-0.1, 0.1, 2) * side / scale * s.augment["scale"]
        elif j is None:
            centre = random.uniform(0, 1, 2) * [frame.width, frame.height]
        else:
            box = frame.boxes[j]
            centre = (box[:2] + box[2:]) / 2 + random.uniform(-0.4, 0.4, 2) * side / scale
        cos, sin = math.cos(math.radians(angle)) * scale, math.sin(math.radians(angle)) * scale
        turn = np.array([[cos, -sin], [sin, cos]]) @ np.diag([-1.0 if mirrored else 1.0, 1.0])
        return np.column_stack([turn, side / 2 - turn @ centre]), mirrored

    def _image(self, i: int) -> tuple[np.ndarray, float]:
        """The frame, shrunk to little more than what samples need, and by how much."""
        if i in self.pixels:
            return self.pixels[i]
        image = cv2.imread(self.frames[i].path)
        stored = min(1.0, 1.25 * self.settings.imgsz / max(image.shape[:2]))
        if stored < 1:
            image = cv2.resize(image, None, fx=stored, fy=stored, interpolation=cv2.INTER_AREA)
        if self.cached + image.nbytes <= CACHE_BYTES:
            self.cached += image.nbytes
            self.pixels[i] = image, stored
        return image, stored


def _label(frame: Frame) -> dict[str, Any]:
    size = np.array([frame.width, frame.height], dtype=np.float32)
    points = frame.keypoints.copy()
    points[..., :2] /= size
    centre, extent = (frame.boxes[:, :2] + frame.boxes[:, 2:]) / 2, frame.boxes[:, 2:] - frame.boxes[:, :2]
    return {
        "im_file": frame.path,
        "shape": (frame.height, frame.width),
        "cls": frame.classes.astype(np.float32).reshape(-1, 1),
        "bboxes": np.concatenate([centre / size, extent / size], axis=1).astype(np.float32),
        "segments": [],
        "keypoints": points.astype(np.float32) if points.shape[1] else None,
        "normalized": True,
        "bbox_format": "xywh",
    }


def _move(frame: Frame, matrix: np.ndarray, side: int, flip_idx: list[int] | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels in the sample: classes; boxes as x, y, w, h and keypoints as x, y, v, both in shares of the side.

    A turned box is that of the ellipse in the old box, and of the keypoints: the corners would make it far too large.
    """
    turn, shift = matrix[:, :2], matrix[:, 2]
    centre = (frame.boxes[:, :2] + frame.boxes[:, 2:]) / 2 @ turn.T + shift
    half = np.sqrt(((frame.boxes[:, 2:] - frame.boxes[:, :2]) / 2) ** 2 @ (turn.T**2))
    low, high = centre - half, centre + half
    points = frame.keypoints.copy()
    points[..., :2] = points[..., :2] @ turn.T + shift
    if points.shape[1]:
        seen = points[..., 2:] > 0
        low = np.minimum(low, np.where(seen, points[..., :2], np.inf).min(axis=1))
        high = np.maximum(high, np.where(seen, points[..., :2], -np.inf).max(axis=1))
        if flip_idx is not None:
            points = points[:, flip_idx]
        inside = ((points[..., :2] >= 0) & (points[..., :2] < side)).all(axis=-1)
        points[..., 2] *= inside
        points[..., :2] = np.clip(points[..., :2], 0, side) / side
    cut_low, cut_high = np.clip(low, 0, side), np.clip(high, 0, side)
    area = np.prod(np.maximum(high - low, 1e-6), axis=1)
    keep = np.prod(cut_high - cut_low, axis=1) / area > MIN_VISIBLE
    boxes = np.concatenate([(cut_low + cut_high) / 2, cut_high - cut_low], axis=1) / side
    return frame.classes[keep], boxes[keep].astype(np.float32), points[keep].astype(np.float32)


def _relight(image: np.ndarray) -> np.ndarray:
    """Contrast, brightness and gamma of the whole, a little of each channel, and sometimes noise."""
    random = np.random
    ramp = np.linspace(0, 1, 256, dtype=np.float32)[:, None]
    ramp = ramp ** math.exp(random.uniform(-0.3, 0.3))
    ramp = (ramp - 0.5) * random.uniform(0.75, 1.25) + 0.5 + random.uniform(-0.12, 0.12) + random.uniform(-0.04, 0.04, 3)
    table = (np.clip(ramp, 0, 1) * 255).astype(np.uint8)
    image = cv2.LUT(image, table[None])
    if random.rand() < 0.3:
        noise = np.empty(image.shape, np.int16)
        cv2.randn(noise, 0, random.uniform(2, 8))
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    return image
