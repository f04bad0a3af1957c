"""What a training leaves: model.pt and its figures."""

from __future__ import annotations

import io
from typing import Any

import torch
from ultralytics.utils.torch_utils import strip_optimizer

from .checkpoints import OURS, write_whole
from .progress import figures_of
from .run import Run
from .safe import open_checkpoint


def finish(run: Run) -> dict[str, Any]:
    """model.pt from the best epoch, and its figures on the validation frames."""
    source = run.folder.best_or_last()
    checkpoint = open_checkpoint(source)
    best_epoch = int(checkpoint["epoch"])
    checkpoint.pop(OURS)
    buffer = io.BytesIO()
    torch.save(checkpoint, buffer)
    write_whole(run.folder.model, buffer.getvalue())
    strip_optimizer(str(run.folder.model))
    rows = run.folder.results.read_text().splitlines()
    header = [name.strip() for name in rows[0].split(",")]
    values = next(row.split(",") for row in rows[1:] if int(float(row.split(",")[0])) == best_epoch + 1)
    metrics = figures_of({k: float(v) for k, v in zip(header, values)})
    return {
        "model": str(run.folder.model),
        "results": str(run.folder.results),
        "epochs": len(rows) - 1,
        "best_epoch": best_epoch,
        "base": run.base,
        "task": run.settings.task,
        "imgsz": run.settings.imgsz,
        "metrics": metrics,
        "notes": run.notes,
    }
