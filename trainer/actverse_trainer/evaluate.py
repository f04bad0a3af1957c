"""The finished model on the validation frames: figures for each class, and what it finds in each frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Iterator

import numpy as np
import torch
from torch import nn
from ultralytics.cfg import get_cfg
from ultralytics.models.yolo.detect import DetectionValidator
from ultralytics.models.yolo.pose import PoseValidator
from ultralytics.utils.metrics import box_iou

from .dataset import Dataset, Frame
from .loss import SIGMA
from .parity import CONFIDENCE
from .samples import WholeFrames


@dataclass
class Judged:
    """One frame with what was found in it, in its pixels. `score`: 1 where all is found, nothing else is, and boxes fit exactly."""

    frame: Frame
    classes: np.ndarray  # n
    scores: np.ndarray  # n
    boxes: np.ndarray  # n x 4: x1, y1, x2, y2
    keypoints: np.ndarray  # n x K x 3: x, y, score
    score: float


@dataclass
class Evaluation:
    per_class: list[dict[str, Any]]
    frames: list[Judged]


def evaluate(model: nn.Module, data: Dataset, task: str, imgsz: int, device: str, size: int, on_image: Callable[[int, int], None] = lambda done, total: None) -> Evaluation:
    """As the validation within training, with the finished model. `size`: frames in a batch."""
    about = describe(data, task)
    arguments = {"task": task, "imgsz": imgsz, "plots": False, "device": device, "verbose": False}
    validator = (PoseValidator if task == "pose" else DetectionValidator)(args=arguments, save_dir=_Nowhere())
    validator.data, validator.device, validator.training = about, torch.device(device), True
    model = model.float().eval().to(validator.device)
    validator.init_metrics(model)
    frames = {frame.path: frame for frame in data.val}
    judged: list[Judged] = []
    with torch.inference_mode():
        for batch in _batches(data, about, task, imgsz, size):
            batch = validator.preprocess(batch)
            found = validator.postprocess(model(batch["img"]))
            validator.update_metrics(found, batch)
            for i, one in enumerate(found):
                judged.append(_judge(frames[batch["im_file"][i]], validator.scale_preds(one, validator._prepare_batch(i, batch))))
            on_image(len(judged), len(data.val))
    validator.get_stats()
    return Evaluation(_per_class(validator.metrics, data, task), sorted(judged, key=lambda one: one.score))


def describe(data: Dataset, task: str) -> dict[str, Any]:
    """The dataset as Ultralytics describes one."""
    count = len(data.keypoints)
    pose = {"kpt_shape": [count, 3], "kpt_oks_sigmas": [SIGMA] * count, "kpt_names": dict.fromkeys(data.names, data.keypoints)}
    return {"names": data.names, "nc": len(data.names), "channels": 3, "train": "train", "val": "val", **(pose if task == "pose" else {})}


def _batches(data: Dataset, about: dict[str, Any], task: str, imgsz: int, size: int) -> Iterator[dict[str, Any]]:
    frames = WholeFrames(data.val, hyp=get_cfg(), imgsz=imgsz, data=about, task=task, augment=False, batch_size=size, stride=32, rect=True, pad=0.5, prefix="val: ")
    for first in range(0, len(frames), size):
        yield frames.collate_fn([frames[i] for i in range(first, min(first + size, len(frames)))])


def _judge(frame: Frame, found: dict[str, torch.Tensor]) -> Judged:
    kept = found["conf"] >= CONFIDENCE
    boxes, classes = found["bboxes"][kept].cpu(), found["cls"][kept].cpu()
    keypoints = found["keypoints"][kept].cpu().numpy() if "keypoints" in found else np.zeros((len(boxes), 0, 3))
    iou = box_iou(torch.from_numpy(frame.boxes).float(), boxes.float()).numpy() * (frame.classes[:, None] == classes.numpy()[None])
    fit = 0.0
    while iou.size and iou.max() > 0.5:
        a, b = np.unravel_index(int(iou.argmax()), iou.shape)
        fit += float(iou[a, b])
        iou[a], iou[:, b] = -1, -1
    total = len(frame.boxes) + len(boxes)
    return Judged(frame, classes.numpy().astype(int), found["conf"][kept].cpu().numpy(), boxes.numpy(), keypoints, 2 * fit / total if total else 1.0)


def _per_class(metrics: Any, data: Dataset, task: str) -> list[dict[str, Any]]:
    """Every class of the dataset; figures are None for one that no validation frame shows."""
    place = {int(c): i for i, c in enumerate(metrics.ap_class_index)}
    rows = []
    for number, name in sorted(data.names.items()):
        i = place.get(number)
        row: dict[str, Any] = {"class": name, "images": int(metrics.nt_per_image[number]), "instances": int(metrics.nt_per_class[number])}
        for prefix, figures in (("box", metrics.box), *((("pose", metrics.pose),) if task == "pose" else ())):
            ap = None if i is None else figures.class_result(i)[2:]
            row |= {f"{prefix}_map50": None if ap is None else round(float(ap[0]), 5), f"{prefix}_map50_95": None if ap is None else round(float(ap[1]), 5)}
        rows.append(row)
    return rows


class _Nowhere:
    """In place of a folder: nothing is saved."""

    def __truediv__(self, name: str) -> "_Nowhere":
        return self

    def mkdir(self, **_: Any) -> None:
        pass
