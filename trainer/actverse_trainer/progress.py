"""Tells of each batch and epoch, and keeps to the time limit."""

from __future__ import annotations

import math
import time
from typing import Any

from .loss import SIGMA, KeypointLoss
from .run import Run

NAMES = {
    "metrics/precision(B)": "box_precision",
    "metrics/recall(B)": "box_recall",
    "metrics/mAP50(B)": "box_map50",
    "metrics/mAP50-95(B)": "box_map50_95",
    "metrics/mAP50(P)": "pose_map50",
    "metrics/mAP50-95(P)": "pose_map50_95",
}


def figures_of(metrics: dict[str, Any]) -> dict[str, float]:
    return {ours: round(float(metrics[theirs]), 5) for theirs, ours in NAMES.items() if theirs in metrics}


def plan_for(trainer: Any) -> None:
    """With a time limit: as many epochs as fit into it, so that the learning rate still falls to its end."""
    run = trainer.run
    limit = run.settings.time_limit
    if limit is None or trainer.stop:
        return
    done = trainer.epoch + 1
    fits = done + max(int((limit - run.elapsed) / (run.elapsed / done)), 0)
    if fits < trainer.epochs:
        trainer.epochs = trainer.args.epochs = max(fits, done)
        trainer._setup_scheduler()
        trainer.scheduler.last_epoch = trainer.epoch
        trainer.stop = trainer.stop or trainer.epochs <= done


def callbacks(run: Run) -> dict[str, list[Any]]:
    state = {"at": 0.0, "batch": 0, "images": 0, "since": time.monotonic()}

    def losses(trainer: Any) -> dict[str, float]:
        return {k: round(float(v), 4) for k, v in (trainer.tloss or {}).items()}

    def train_start(trainer: Any) -> None:
        model = trainer.model
        if run.settings.task == "pose":
            model.criterion = model.init_criterion()
            model.criterion.keypoint_loss = KeypointLoss(SIGMA)
        # Ultralytics' average is made for 100 times as many steps: it would lag behind the whole of a short training.
        total = max(trainer.epochs * len(trainer.train_loader), 1)
        decay = 1 - 1 / max(min(total / 20, 10_000), 2)
        trainer.ema.decay = lambda updates: decay * (1 - math.exp(-updates / (total / 20)))

    def epoch_start(trainer: Any) -> None:
        state.update(batch=0, images=0, since=time.monotonic())

    def batch_end(trainer: Any) -> None:
        state["batch"] += 1
        state["images"] += trainer.batch_size
        now = time.monotonic()
        if run.settings.time_limit and run.elapsed > run.settings.time_limit and trainer.epoch > 0:
            trainer.stop = True
        if now - state["at"] < 1:
            return
        state["at"] = now
        rate = state["images"] / max(now - state["since"], 1e-6)
        run.channel.emit("batch", epoch=trainer.epoch, epochs=trainer.epochs, batch=state["batch"], batches=len(trainer.train_loader), images_per_s=round(rate, 1), losses=losses(trainer))

    def epoch_end(trainer: Any) -> None:
        plan_for(trainer)
        done = trainer.epoch + 1
        left = run.elapsed / done * (trainer.epochs - done)
        figures = {**losses(trainer), **figures_of(trainer.metrics), "fitness": float(trainer.fitness or 0), "seconds_left": round(left)}
        run.channel.emit("epoch", epoch=trainer.epoch, epochs=trainer.epochs, figures=figures)

    return {"on_train_start": [train_start], "on_train_epoch_start": [epoch_start], "on_train_batch_end": [batch_end], "on_fit_epoch_end": [epoch_end]}
