"""report.json and report.html in the run folder: what came of a training, for people who were not there."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from .checkpoints import RunFolder, write_whole
from .evaluate import Evaluation, Judged
from .report_html import page
from .run import Run

#: Frames that are shown, the worst first.
MOST_FRAMES = 24


def write_report(run: Run, done: dict[str, Any], evaluation: Evaluation) -> dict[str, str]:
    """Paths of both files."""
    frames = evaluation.frames[:MOST_FRAMES]
    content = {
        **{key: done[key] for key in ("task", "base", "imgsz", "epochs", "best_epoch", "metrics", "per_class", "notes")},
        "seconds": round(run.elapsed),
        "train_images": len(run.data.train),
        "val_images": len(run.data.val),
        "boxes": run.data.instances,
        "keypoints": run.data.keypoints if done["task"] == "pose" else [],
        "settings": run.settings.as_dict() | {"epochs": done["epochs"]},
        "curves": read_curves(run.folder),
        "frames": [_described(one, run.data.names) for one in frames],
    }
    paths = {"json": run.folder.report_json, "html": run.folder.report_html}
    write_whole(paths["json"], (json.dumps(content, indent=1) + "\n").encode())
    write_whole(paths["html"], page(content).encode())
    return {kind: str(path) for kind, path in paths.items()}


def read_curves(folder: RunFolder) -> list[dict[str, float]]:
    """One row an epoch, as in results.csv; only what is a finite number."""
    with open(folder.results, newline="") as file:
        rows = list(csv.DictReader(file, skipinitialspace=True))
    return [{key.strip(): value for key, text in row.items() if text and (value := float(text)) - value == 0} for row in rows]


def _described(one: Judged, names: dict[int, str]) -> dict[str, Any]:
    frame = one.frame
    return {
        "file": Path(frame.path).name,
        "path": frame.path,
        "width": frame.width,
        "height": frame.height,
        "score": round(one.score, 4),
        "predicted": [
            {"class": names.get(int(c), str(c)), "class_id": int(c), "score": round(float(s), 4), "box": _numbers(box), "keypoints": [_numbers(point, 3) for point in points]}
            for c, s, box, points in zip(one.classes, one.scores, one.boxes, one.keypoints)
        ],
        "labeled": [
            {"class": names[int(c)], "class_id": int(c), "box": _numbers(box), "keypoints": [_numbers(point, 3) for point in points]}
            for c, box, points in zip(frame.classes, frame.boxes, frame.keypoints)
        ],
    }


def _numbers(values: Any, digits: int = 1) -> list[float]:
    return [round(float(value), digits) for value in values]
