"""Checkpoints in a run folder: last.pt, previous.pt, best.pt, results.csv. A file is there whole or not at all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any, Callable

import torch

from .errors import InputProblem
from .safe import open_checkpoint

#: Our part of a checkpoint: {"settings", "base", "elapsed", "finished", "rows", "weights"}.
OURS = "actverse"


class RunFolder:
    def __init__(self, folder: str):
        self.path = Path(folder)
        self.path.mkdir(parents=True, exist_ok=True)
        self.last, self.previous, self.best = (self.path / f"{name}.pt" for name in ("last", "previous", "best"))
        self.results = self.path / "results.csv"
        self.model = self.path / "model.pt"
        #: Files that newest() could not read.
        self.damaged: list[Path] = []
        self.report_json, self.report_html = self.path / "report.json", self.path / "report.html"

    def publish(self, content: dict[str, Any], is_best: bool) -> None:
        """last.pt becomes previous.pt, so that a damaged last.pt never loses more than one epoch.

        Written to the file and not to memory first: where memory is short, this would be when it runs out.
        """
        part = self.last.with_name("last.pt.part")
        _whole(part, lambda: torch.save(content, part))
        if self.last.exists():
            os.replace(self.last, self.previous)
        os.replace(part, self.last)
        if is_best:
            copy_whole(self.last, self.best)

    def newest(self) -> tuple[dict[str, Any] | None, list[str]]:
        """The newest checkpoint that can be read, and notes on those that cannot; None where there is none.

        Raises InputProblem where there are some and none can be read: to begin again is for a person to say.
        """
        notes: list[str] = []
        for file in (self.last, self.previous, self.best):
            if not file.exists():
                continue
            try:
                checkpoint = open_checkpoint(file)
                if not (checkpoint[OURS] and checkpoint["ema"] and checkpoint["epoch"] >= 0):
                    raise ValueError("it is not a checkpoint of this trainer")
            except MemoryError:
                raise
            except Exception as problem:  # whatever a damaged file makes of the unpickler
                self.damaged.append(file)
                notes.append(f"{file.name} cannot be read and is left out: {(str(problem).strip() or type(problem).__name__).splitlines()[0][:200]}")
                continue
            if notes:
                notes.append(f"Training goes on from {file.name}, after epoch {checkpoint['epoch'] + 1}.")
            return checkpoint, notes
        if notes:
            raise InputProblem(f"No checkpoint in {self.path} can be read, so training cannot go on. {' '.join(notes)}", "Put whole checkpoints back, or remove them to train from the beginning.")
        return None, notes

    def agree(self, checkpoint: dict[str, Any]) -> list[str]:
        """results.csv and best.pt as they were when the checkpoint was written; later epochs are done, and written, again.

        They may be of another epoch when the trainer was killed between two files. Returns notes.
        """
        for file in self.damaged:
            file.unlink(missing_ok=True)  # else the next checkpoint would put it in the place of a good one
        write_whole(self.results, checkpoint[OURS]["rows"].encode())
        fitness = float(checkpoint["train_metrics"]["fitness"])
        if fitness == float(checkpoint["best_fitness"]):
            self._save_best(checkpoint)
            return []
        try:
            if open_checkpoint(self.best)["epoch"] < checkpoint["epoch"]:
                return []
            problem = "is of an epoch that is done again"
        except Exception:
            problem = "is not there or cannot be read"
        checkpoint["best_fitness"] = checkpoint["stopper"]["best_fitness"] = fitness
        checkpoint["stopper"]["best_epoch"] = checkpoint["epoch"] + 1
        self._save_best(checkpoint)
        return [f"best.pt {problem}: the best model is looked for from epoch {checkpoint['epoch'] + 1} on."]

    def _save_best(self, checkpoint: dict[str, Any]) -> None:
        part = self.best.with_name("best.pt.part")
        _whole(part, lambda: torch.save(checkpoint, part))
        os.replace(part, self.best)

    def best_or_last(self) -> dict[str, Any]:
        for file in (self.best, self.last, self.previous):
            try:
                return open_checkpoint(file)
            except Exception as problem:
                print(f"{file} cannot be read: {problem}", flush=True)
        raise RuntimeError(f"No checkpoint in {self.path} can be read")

    def clear(self) -> None:
        for file in (self.last, self.previous, self.best, self.results, self.model):
            file.unlink(missing_ok=True)
        self.clear_report()
        shutil.rmtree(self.path / "weights", ignore_errors=True)

    def clear_report(self) -> None:
        for file in (self.report_json, self.report_html):
            file.unlink(missing_ok=True)


def write_whole(file: Path, content: bytes) -> None:
    part = file.with_name(f"{file.name}.part")
    _whole(part, lambda: part.write_bytes(content))
    os.replace(part, file)


def copy_whole(source: Path, file: Path) -> None:
    part = file.with_name(f"{file.name}.part")
    _whole(part, lambda: shutil.copyfile(source, part))
    os.replace(part, file)


def _whole(file: Path, write: Callable[[], Any]) -> None:
    """Written, and on disk; or not there."""
    try:
        write()
        with open(file, "rb+") as handle:
            os.fsync(handle.fileno())
    except BaseException:
        file.unlink(missing_ok=True)
        raise
