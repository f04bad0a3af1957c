"""What a training leaves: model.pt and its figures."""

from __future__ import annotations

import io
from typing import Any

import torch
from ultralytics.utils.torch_utils import strip_optimizer

from .checkpoints import OURS, write_whole
from .figures import figures_of
from .run import Run


def finish(run: Run) -> dict[str, Any]:
    """model.pt from the best epoch, and its figures on the validation frames."""
    checkpoint = run.folder.best_or_last()
    best_epoch = int(checkpoint["epoch"])
    metrics = figures_of(checkpoint["train_metrics"])
    checkpoint.pop(OURS)
    buffer = io.BytesIO()
    torch.save(checkpoint, buffer)
    write_whole(run.folder.model, buffer.getvalue())
    strip_optimizer(str(run.folder.model))
    return {
        "model": str(run.folder.model),
        "results": str(run.folder.results),
        "epochs": len(run.folder.results.read_text().splitlines()) - 1,
        "best_epoch": best_epoch,
        "base": run.base,
        "task": run.settings.task,
        "imgsz": run.settings.imgsz,
        "metrics": metrics,
        "notes": run.notes,
    }
