"""Our names for Ultralytics' figures."""

from __future__ import annotations

from typing import Any

NAMES = {
    "metrics/precision(B)": "box_precision",
    "metrics/recall(B)": "box_recall",
    "metrics/mAP50(B)": "box_map50",
    "metrics/mAP50-95(B)": "box_map50_95",
    "metrics/precision(P)": "pose_precision",
    "metrics/recall(P)": "pose_recall",
    "metrics/mAP50(P)": "pose_map50",
    "metrics/mAP50-95(P)": "pose_map50_95",
}


def figures_of(metrics: dict[str, Any]) -> dict[str, float]:
    return {ours: round(float(metrics[theirs]), 5) for theirs, ours in NAMES.items() if theirs in metrics}
