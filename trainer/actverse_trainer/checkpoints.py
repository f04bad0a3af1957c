"""Checkpoints in a run folder: last.pt, previous.pt, best.pt, results.csv. A file is there whole or not at all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from .safe import open_checkpoint

#: Our part of a checkpoint: {"settings", "base", "elapsed", "finished", "rows"}.
OURS = "actverse"


class RunFolder:
    def __init__(self, folder: str):
        self.path = Path(folder)
        self.path.mkdir(parents=True, exist_ok=True)
        self.last, self.previous, self.best = (self.path / f"{name}.pt" for name in ("last", "previous", "best"))
        self.results = self.path / "results.csv"
        self.model = self.path / "model.pt"

    def publish(self, content: bytes, is_best: bool) -> None:
        """last.pt becomes previous.pt, so that a damaged last.pt never loses more than one epoch."""
        if self.last.exists():
            os.replace(self.last, self.previous)
        write_whole(self.last, content)
        if is_best:
            write_whole(self.best, content)

    def newest(self) -> tuple[dict[str, Any] | None, list[str]]:
        """The newest checkpoint that can be read, and notes on those that cannot."""
        notes = []
        for file in (self.last, self.previous):
            if not file.exists():
                continue
            try:
                checkpoint = open_checkpoint(file)
                if checkpoint[OURS] and checkpoint["ema"] and checkpoint["epoch"] >= 0:
                    return checkpoint, notes
                raise ValueError("it is not a checkpoint of this trainer")
            except Exception as problem:  # whatever a damaged file makes of the unpickler
                notes.append(f"{file.name} cannot be read and is left out: {str(problem).splitlines()[0][:200]}")
        return None, notes

    def best_or_last(self) -> Path:
        for file in (self.best, self.last, self.previous):
            try:
                open_checkpoint(file)
                return file
            except Exception:
                continue
        raise RuntimeError(f"No checkpoint in {self.path} can be read")

    def rewind_results(self, checkpoint: dict[str, Any]) -> None:
        """results.csv as it was when the checkpoint was written: later epochs are done, and written, again."""
        write_whole(self.results, checkpoint[OURS]["rows"].encode())

    def clear(self) -> None:
        for file in (self.last, self.previous, self.best, self.results, self.model):
            file.unlink(missing_ok=True)
        shutil.rmtree(self.path / "weights", ignore_errors=True)


def write_whole(file: Path, content: bytes) -> None:
    part = file.with_name(f"{file.name}.part")
    with open(part, "wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(part, file)
