"""model.pt to ONNX, and how far ONNX Runtime's results are from PyTorch's on the validation frames."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any, Callable

import cv2
import numpy as np
import torch
from ultralytics import YOLO
from ultralytics.data.augment import LetterBox
from ultralytics.nn.tasks import load_checkpoint
from ultralytics.utils.metrics import box_iou
from ultralytics.utils.nms import non_max_suppression

from .dataset import read_dataset
from .errors import InputProblem

CONFIDENCE, IOU = 0.25, 0.7
#: An object this near to the confidence threshold may be found by one runtime and not by the other.
DOUBT = 0.01


def export_onnx(model: str, imgsz: int, output: str) -> None:
    """Raw heads, no NMS; batch, height and width are free. Names, keypoints, task and imgsz are in the file's metadata."""
    if not Path(model).is_file():
        raise InputProblem(f"There is no model {model}", "Train first.")
    target = Path(output)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        copy = Path(folder) / "model.pt"
        shutil.copyfile(model, copy)
        made = YOLO(str(copy)).export(format="onnx", imgsz=imgsz, dynamic=True, simplify=True, device="cpu", verbose=False)
        Path(made).replace(target)


def check_parity(model: str, onnx: str, imgsz: int, data: str, on_image: Callable[[int, int], None] = lambda done, total: None) -> dict[str, Any]:
    """Both get the same letterboxed pixels; objects above the confidence threshold are matched by IoU.

    `max_box_px` and `max_keypoint_px` are in pixels of that input. `unmatched` counts objects that one of them has
    clearly above the threshold (by DOUBT) and the other has not even a little below it.
    """
    import onnxruntime

    torch_model = load_checkpoint(model)[0].fuse(verbose=False).eval()
    session = onnxruntime.InferenceSession(onnx, providers=["CPUExecutionProvider"])
    classes = len(torch_model.names)
    frames = read_dataset(data).val
    letterbox = LetterBox((imgsz, imgsz), auto=True, stride=32)
    report = {"images": len(frames), "objects": 0, "max_box_px": 0.0, "max_score": 0.0, "max_keypoint_px": 0.0, "unmatched": 0}
    for done, frame in enumerate(frames, 1):
        pixels = letterbox(image=cv2.imread(frame.path))
        batch = np.ascontiguousarray(pixels[..., ::-1].transpose(2, 0, 1)[None], dtype=np.float32) / 255
        with torch.inference_mode():
            first = torch_model(torch.from_numpy(batch))
        ours = _objects(first[0] if isinstance(first, (list, tuple)) else first, classes)
        theirs = _objects(torch.from_numpy(session.run(None, {session.get_inputs()[0].name: batch})[0]), classes)
        _compare(ours, theirs, report)
        on_image(done, len(frames))
    return {key: round(value, 6) if isinstance(value, float) else value for key, value in report.items()}


def _objects(raw: torch.Tensor, classes: int) -> torch.Tensor:
    """n x (x1, y1, x2, y2, score, class, keypoints...), down to just below the threshold."""
    return non_max_suppression(raw.clone(), CONFIDENCE - DOUBT, IOU, nc=classes)[0]


def _compare(ours: torch.Tensor, theirs: torch.Tensor, report: dict[str, Any]) -> None:
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
        points = difference[6:].reshape(-1, 3)
        report["objects"] += 1
        report["max_box_px"] = max(report["max_box_px"], float(difference[:4].max()))
        report["max_score"] = max(report["max_score"], float(difference[4]), float(points[:, 2].max()) if len(points) else 0.0)
        report["max_keypoint_px"] = max(report["max_keypoint_px"], float(points[:, :2].max()) if len(points) else 0.0)
    for objects, matched in ((ours, matched_ours), (theirs, matched_theirs)):
        report["unmatched"] += sum(float(objects[i, 4]) > CONFIDENCE + DOUBT for i in range(len(objects)) if i not in matched)
