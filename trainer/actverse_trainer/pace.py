"""How long it takes, and how much is left: seconds of this process, measured."""

from __future__ import annotations

import time


class Pace:
    """Told where training is; `left` is for the whole training, validation and checkpoints included."""

    def __init__(self, limit: float | None, elapsed_before: float):
        self.limit, self.elapsed_before = limit, elapsed_before
        self.begun = time.monotonic()
        self.epoch_begun = self.begun
        #: Of whole epochs that were done in this process.
        self.whole: list[float] = []
        self.epoch, self.epochs, self.batch, self.batches, self.images = 0, 1, 0, 1, 0
        self.train_seconds = 0.0

    def begin(self, epoch: int, epochs: int, batches: int) -> None:
        self.epoch, self.epochs, self.batch, self.batches, self.images = epoch, epochs, 0, max(batches, 1), 0
        self.epoch_begun, self.train_seconds = time.monotonic(), 0.0

    def step(self, images: int) -> None:
        self.batch += 1
        self.images += images
        self.train_seconds = time.monotonic() - self.epoch_begun

    def end(self, epochs: int) -> None:
        """Of an epoch, checkpoint included; `epochs`: of how many, as planned now."""
        self.epochs = epochs
        self.whole.append(time.monotonic() - self.epoch_begun)

    @property
    def images_per_s(self) -> float:
        return round(self.images / self.train_seconds, 1) if self.train_seconds else 0.0

    @property
    def left(self) -> int | None:
        """Seconds; None until there is something to judge by."""
        in_epoch = time.monotonic() - self.epoch_begun
        done = len(self.whole) > 0 and self.batch >= self.batches
        if self.whole:
            recent = self.whole[-5:]
            epoch_seconds = sum(recent) / len(recent)
        elif self.batch:
            epoch_seconds = self.train_seconds / self.batch * self.batches
        else:
            return None
        rest = 0.0 if done and self.epoch + 1 >= self.epochs else max(epoch_seconds - in_epoch, 0.0)
        left = rest + epoch_seconds * max(self.epochs - self.epoch - 1, 0)
        if self.limit is not None:
            left = min(left, max(self.limit - self.elapsed_before - (time.monotonic() - self.begun), 0.0))
        return round(left)
