"""How far ONNX Runtime's results are from PyTorch's, and what PyTorch finds, to compare others with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, Iterator

import cv2
import numpy as np
import torch
from ultralytics.data.augment import LetterBox
from ultralytics.utils.metrics import box_iou
from ultralytics.utils.nms import non_max_suppression

from .errors import InputProblem
from .export import Opened
from .inputs import as_batch, letterboxed, spread

CONFIDENCE, IOU = 0.25, 0.7
#: An object this near to the confidence threshold may be found by one runtime and not by the other; and by a model in 8 bit.
DOUBT, INT8_DOUBT = 0.01, 0.15


class Compared:
    """A PyTorch model and its ONNX file, that get the same pixels."""

    def __init__(self, opened: Opened, onnx: str, doubt: float = DOUBT):
        import onnxruntime

        self.doubt = doubt
        try:
            self.session = onnxruntime.InferenceSession(onnx, providers=["CPUExecutionProvider"])
        except Exception as problem:
            raise InputProblem(f"ONNX Runtime cannot open {onnx}: {str(problem).splitlines()[0][:300]}", "Export the model again.") from problem
        self.input = self.session.get_inputs()[0]
        self.opened = opened
        self.end_to_end = self.session.get_modelmeta().custom_metadata_map.get("end2end") == "True"
        opened.model.end2end = self.end_to_end
        self.model = opened.model.fuse(verbose=False).eval()
        height, width = self.input.shape[2:]
        fixed = isinstance(height, int) and isinstance(width, int)
        self.letterbox = LetterBox((height, width), stride=opened.stride) if fixed else LetterBox((opened.imgsz, opened.imgsz), auto=True, stride=opened.stride)

    def pytorch(self, pixels: np.ndarray) -> torch.Tensor:
        with torch.inference_mode():
            first = self.model(torch.from_numpy(as_batch(pixels)))
        return self._objects(first[0] if isinstance(first, (list, tuple)) else first)

    def onnx(self, pixels: np.ndarray) -> torch.Tensor:
        batch = as_batch(pixels)
        if isinstance(self.input.shape[0], int):
            batch = batch.repeat(self.input.shape[0], axis=0)
        return self._objects(torch.from_numpy(self.session.run(None, {self.input.name: batch})[0][:1]))

    def _objects(self, raw: torch.Tensor) -> torch.Tensor:
        """n x (x1, y1, x2, y2, score, class, keypoints...), down to just below the threshold."""
        return non_max_suppression(raw.clone(), CONFIDENCE - self.doubt, IOU, nc=len(self.model.names), end2end=self.end_to_end)[0]


def check_parity(compared: Compared, images: list[str], on_image: Callable[[int, int], None] = lambda done, total: None) -> dict[str, Any]:
    """Both get the same letterboxed pixels; objects above the confidence threshold are matched by IoU.

    `max_box_px` and `max_keypoint_px` are in pixels of that input. `unmatched` counts objects that one of them has
    clearly above the threshold (by `doubt`) and the other has not even a little below it.
    """
    report = {"images": len(images), "objects": 0, "max_box_px": 0.0, "max_score": 0.0, "max_keypoint_px": 0.0, "unmatched": 0}
    for done, path in enumerate(images, 1):
        pixels = letterboxed(path, compared.letterbox)
        _compare(compared.pytorch(pixels), compared.onnx(pixels), report, compared.doubt)
        on_image(done, len(images))
    return {key: round(value, 6) if isinstance(value, float) else value for key, value in report.items()}


def write_reference(compared: Compared, images: list[str], folder: str) -> tuple[str, int]:
    """Images as the network gets them, and what PyTorch finds in them, in their pixels: the path of reference.json, and how many images."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    entries = list(_reference(compared, spread(images), target))
    file = target / "reference.json"
    content = {"imgsz": compared.opened.imgsz, "confidence": CONFIDENCE, "iou": IOU, "images": entries}
    file.write_text(json.dumps(content) + "\n", encoding="utf-8")
    return str(file), len(entries)


def _reference(compared: Compared, images: list[str], folder: Path) -> Iterator[dict[str, Any]]:
    for i, path in enumerate(images):
        pixels = letterboxed(path, compared.letterbox)
        name = f"{i:05}.png"
        if not cv2.imwrite(str(folder / name), pixels[..., ::-1]):
            raise OSError(f"{folder / name} could not be written")
        detections = [
            {
                "box": [round(float(x), 4) for x in found[:4]],
                "score": round(float(found[4]), 6),
                "class_id": int(found[5]),
                "keypoints": [[round(float(x), 4), round(float(y), 4), round(float(score), 6)] for x, y, score in _points(found)],
            }
            for found in compared.pytorch(pixels)
        ]
        yield {"file": name, "width": pixels.shape[1], "height": pixels.shape[0], "detections": detections}


def _points(found: torch.Tensor) -> torch.Tensor:
    return found[6:].reshape(-1, 3)


def _compare(ours: torch.Tensor, theirs: torch.Tensor, report: dict[str, Any], doubt: float) -> None:
    iou = box_iou(ours[:, :4], theirs[:, :4]) * (ours[:, None, 5] == theirs[None, :, 5])
    matched_ours, matched_theirs = set(), set()
    while iou.numel() and float(iou.max()) > 0.5:
        a, b = divmod(int(iou.argmax()), iou.shape[1])
        iou[a], iou[:, b] = -1, -1
        matched_ours.add(a)
        matched_theirs.add(b)
        if max(float(ours[a, 4]), float(theirs[b, 4])) < CONFIDENCE:
            continue
        difference = (ours[a] - theirs[b]).abs()
        points = _points(difference)
        report["objects"] += 1
        report["max_box_px"] = max(report["max_box_px"], float(difference[:4].max()))
        report["max_score"] = max(report["max_score"], float(difference[4]), float(points[:, 2].max()) if len(points) else 0.0)
        report["max_keypoint_px"] = max(report["max_keypoint_px"], float(points[:, :2].max()) if len(points) else 0.0)
    for objects, matched in ((ours, matched_ours), (theirs, matched_theirs)):
        report["unmatched"] += sum(float(objects[i, 4]) > CONFIDENCE + doubt for i in range(len(objects)) if i not in matched)
