"""What a training leaves: model.pt, its figures, and the report."""

from __future__ import annotations

import io
import traceback
from typing import Any

import torch
from ultralytics.utils.torch_utils import strip_optimizer

from .checkpoints import OURS, write_whole
from .evaluate import evaluate
from .figures import figures_of
from .memory import is_memory
from .report import write_report
from .run import Run
from .safe import open_model

#: Frames that are judged at once, at most.
BATCH = 8


def finish(run: Run) -> dict[str, Any]:
    """model.pt from the best epoch, its figures on the validation frames, all in all and for each class, and the report."""
    checkpoint = run.folder.best_or_last()
    best_epoch = int(checkpoint["epoch"])
    metrics = figures_of(checkpoint["train_metrics"])
    checkpoint.pop(OURS)
    buffer = io.BytesIO()
    torch.save(checkpoint, buffer)
    write_whole(run.folder.model, buffer.getvalue())
    strip_optimizer(str(run.folder.model))
    done: dict[str, Any] = {
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
    return done | _judge(run, done)


def _judge(run: Run, done: dict[str, Any]) -> dict[str, Any]:
    """A model that was trained over hours is not lost for a report that cannot be made: a note says so."""
    first = run.settings.devices[0]
    try:
        evaluation = evaluate(open_model(run.folder.model)[0], run.data, run.settings.task, run.settings.imgsz, f"cuda:{first}" if first.isdigit() else "cpu", min(run.settings.batch, BATCH), lambda done, total: run.channel.emit("progress", done=done, total=total))
        done["per_class"] = evaluation.per_class
        return {"report": write_report(run, done, evaluation)}
    except Exception as problem:
        if is_memory(problem):
            raise
        traceback.print_exc()
        run.folder.clear_report()
        run.notes.append(f"The report could not be made: {problem}")
        return {"per_class": done.get("per_class", [])}
