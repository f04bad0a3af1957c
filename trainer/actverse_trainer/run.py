"""What one training knows of itself."""

from __future__ import annotations

import time
from typing import Any

from .channel import Channel
from .checkpoints import RunFolder
from .dataset import Dataset
from .settings import Settings


class Run:
    """What the trainer needs beside Ultralytics' own arguments.

    `base_path`: None for scratch; `base`: the same in words. `rank` and `meeting`: of several processes, this one and the file
    over which they meet.
    """

    def __init__(self, data: Dataset, settings: Settings, folder: RunFolder, channel: Channel | None, rank: int = 0):
        self.data, self.settings, self.folder, self.rank = data, settings, folder, rank
        self._channel = channel
        self.base_path: str | None = None
        self.base = ""
        self.checkpoint: dict[str, Any] | None = None
        self.meeting = ""
        self.elapsed_before = 0.0
        self.started = time.monotonic()
        self.notes: list[str] = []

    @property
    def channel(self) -> Channel:
        if self._channel is None:
            raise RuntimeError("Only rank 0 talks to the caller")
        return self._channel

    @property
    def count(self) -> int:
        """Of processes."""
        return len(self.settings.devices)

    @property
    def elapsed(self) -> float:
        """Seconds, those before a resume included."""
        return self.elapsed_before + time.monotonic() - self.started
