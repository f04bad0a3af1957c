"""Tells of each batch and epoch, and keeps to the time limit and the learning rate's plan."""

from __future__ import annotations

import threading
import time
from typing import Any

from ultralytics.utils.torch_utils import unwrap_model

from .figures import figures_of
from .loss import SIGMA, KeypointLoss
from .pace import Pace
from .ranks import agreed
from .run import Run

#: Between two lines of a training that goes on.
SECONDS = 1.0


class Progress:
    """Callbacks of Ultralytics' trainer. Peers follow the same plan and say nothing."""

    def __init__(self, run: Run):
        self.run = run
        self.speaks = run.rank == 0
        self.pace = Pace(run.settings.time_limit, run.elapsed_before)
        self.losses: dict[str, float] = {}
        self.phase = "train"
        self.validated = 0
        self.ended = threading.Event()

    def callbacks(self) -> dict[str, Any]:
        return {
            "on_train_start": self.train_start,
            "on_train_epoch_start": self.epoch_start,
            "on_train_batch_start": self.batch_start,
            "on_train_batch_end": self.batch_end,
            "on_train_epoch_end": self.validation_start,
            "on_val_batch_end": self.validated_batch,
            "on_fit_epoch_end": self.epoch_end,
            "teardown": self.teardown,
        }

    def train_start(self, trainer: Any) -> None:
        model = unwrap_model(trainer.model)
        if self.run.settings.task == "pose":
            model.criterion = getattr(model, "criterion", None) or model.init_criterion()
            for loss in (model.criterion, getattr(model.criterion, "one2many", None), getattr(model.criterion, "one2one", None)):
                if hasattr(loss, "keypoint_loss"):
                    loss.keypoint_loss = KeypointLoss(SIGMA)
        trainer.pace_average()
        if self.speaks:
            threading.Thread(target=self._beat, daemon=True).start()

    def epoch_start(self, trainer: Any) -> None:
        self.phase = "train"
        self.pace.begin(trainer.epoch, trainer.epochs, len(trainer.train_loader))

    def batch_start(self, trainer: Any) -> None:
        # Ultralytics would halve the batch by itself in the first epoch on a GPU, until this says that it has tried often
        # enough: our caller starts again from the last checkpoint with a smaller one, in every epoch, and says so.
        trainer._oom_retries = 3
        warmup = min(3.0, trainer.epochs / 10)
        if trainer.epoch < warmup:
            # By the share of epochs that is done, so that the rate of an epoch does not depend on the size of its batches.
            done = min((trainer.epoch + (self.pace.batch + 1) / len(trainer.train_loader)) / warmup, 1.0)
            for group in trainer.optimizer.param_groups:
                group["lr"] = group["initial_lr"] * trainer.lf(trainer.epoch) * done

    def batch_end(self, trainer: Any) -> None:
        self.pace.step(trainer.batch_size)
        self.losses = _losses(trainer)
        limit = self.run.settings.time_limit
        if limit and trainer.epoch > 0 and agreed(self.run.elapsed > limit, self.run.count):
            trainer.stop = True
        self._tell()

    def validation_start(self, trainer: Any) -> None:
        self.phase, self.validated = "validation", 0

    def validated_batch(self, validator: Any) -> None:
        self.validated += 1
        self._tell()

    def epoch_end(self, trainer: Any) -> None:
        plan_for(trainer)
        self.pace.end(trainer.epochs)
        if not self.speaks:
            return
        figures = {**_losses(trainer), **figures_of(trainer.metrics), "fitness": float(trainer.fitness or 0), "lr": next(iter(trainer.lr.values())), "seconds_left": 0 if trainer.stop else self.pace.left}
        self.run.channel.emit("epoch", epoch=trainer.epoch, epochs=trainer.epochs, figures=figures)

    def teardown(self, trainer: Any) -> None:
        self.ended.set()

    def _tell(self) -> None:
        if self.speaks and time.monotonic() - self.run.channel.last >= SECONDS:
            self._emit()

    def _emit(self) -> None:
        pace = self.pace
        figures = {"images_per_s": pace.images_per_s, "losses": self.losses, "seconds_left": pace.left, "phase": self.phase}
        if self.phase == "validation":
            figures["validated_batches"] = self.validated
        self.run.channel.emit("batch", epoch=pace.epoch, epochs=pace.epochs, batch=pace.batch, batches=pace.batches, **figures)

    def _beat(self) -> None:
        """Never silent, also where one batch takes long. Not while the caller takes a checkpoint: it hears nothing then."""
        while not self.ended.wait(SECONDS / 2):
            if not self.run.channel.waiting and time.monotonic() - self.run.channel.last >= SECONDS:
                self._emit()


def plan_for(trainer: Any) -> None:
    """With a time limit: as many epochs as fit into it, so that the learning rate still falls to its end."""
    run = trainer.run
    limit = run.settings.time_limit
    if limit is None or agreed(bool(trainer.stop), run.count):
        return
    done = trainer.epoch + 1
    fits = agreed(done + max(int((limit - run.elapsed) / (run.elapsed / done)), 0), run.count)
    if fits < trainer.epochs:
        trainer.epochs = trainer.args.epochs = max(fits, done)
        trainer._setup_scheduler()
        trainer.scheduler.last_epoch = trainer.epoch
        trainer.stop = trainer.stop or trainer.epochs <= done


def _losses(trainer: Any) -> dict[str, float]:
    return {k: round(float(v), 4) for k, v in (trainer.tloss or {}).items()}
