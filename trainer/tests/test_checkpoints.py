"""Checkpoints that are damaged, or that disagree because the trainer was killed between two files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from actverse_trainer.checkpoints import OURS, RunFolder
from actverse_trainer.errors import InputProblem
from actverse_trainer.safe import open_checkpoint


def checkpoint(epoch: int, fitness: float, best: float) -> dict[str, Any]:
    ours = {"settings": {}, "rows": "".join(f"{i + 1}\n" for i in range(epoch + 1))}
    return {"epoch": epoch, "ema": {"w": torch.ones(1)}, "train_metrics": {"fitness": fitness}, "best_fitness": best, "stopper": {"best_fitness": best, "best_epoch": 1}, OURS: ours}


def folder_with(path: Path, *fitness: float) -> RunFolder:
    folder, best = RunFolder(str(path)), -1.0
    for epoch, value in enumerate(fitness):
        best = max(best, value)
        folder.publish(checkpoint(epoch, value, best), is_best=value == best)
    return folder


def damage(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def test_takes_the_one_before_and_says_so(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, 0.5, 0.4, 0.3)
    damage(folder.last)
    found, notes = folder.newest()
    assert found and found["epoch"] == 1
    assert "last.pt cannot be read" in notes[0] and "goes on from previous.pt, after epoch 2" in notes[1]
    damage(folder.previous)
    found, notes = folder.newest()
    assert found and found["epoch"] == 0 and len(notes) == 3 and "goes on from best.pt, after epoch 1" in notes[2]
    # The damaged ones do not take the place of a good one when the next is written.
    folder.agree(found)
    assert not folder.last.exists() and not folder.previous.exists() and folder.newest()[0]


def test_does_not_begin_again_by_itself(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, 0.5, 0.4)
    for file in (folder.last, folder.previous, folder.best):
        damage(file)
    with pytest.raises(InputProblem, match="No checkpoint .* can be read.*last.pt.*previous.pt.*best.pt") as problem:
        folder.newest()
    assert "train from the beginning" in problem.value.what_to_do
    folder.clear()
    assert folder.newest() == (None, [])


def test_killed_before_the_best_was_written(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, 0.5)
    folder.publish(checkpoint(1, 0.9, 0.9), is_best=False)
    found, _ = folder.newest()
    assert found and folder.agree(found) == [] and open_checkpoint(folder.best)["epoch"] == 1


def test_a_best_that_is_newer_than_the_last(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, 0.5, 0.4, 0.9)
    damage(folder.last)
    found, _ = folder.newest()
    assert found and found["epoch"] == 1
    notes = folder.agree(found)
    assert "is of an epoch that is done again" in notes[0] and found["best_fitness"] == 0.4
    assert open_checkpoint(folder.best)["epoch"] == 1 and folder.results.read_text() == "1\n2\n"


def test_carries_the_best_over(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, 0.5, 0.4)
    found, _ = folder.newest()
    assert found and folder.agree(found) == [] and found["best_fitness"] == 0.5 and open_checkpoint(folder.best)["epoch"] == 0


class Heavy:
    def __reduce__(self) -> Any:
        raise MemoryError


def test_memory_that_runs_out_while_it_writes(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, 0.5, 0.6)
    with pytest.raises(MemoryError):
        folder.publish(checkpoint(2, 0.7, 0.7) | {"heavy": Heavy()}, is_best=True)
    found, notes = folder.newest()
    assert found and found["epoch"] == 1 and notes == [] and open_checkpoint(folder.previous)["epoch"] == 0 and open_checkpoint(folder.best)["epoch"] == 1
    assert not list(tmp_path.glob("*.part"))
