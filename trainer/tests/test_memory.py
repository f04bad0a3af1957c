"""Memory that runs out at any moment: told as such, with the last checkpoint whole, and gone on from with a smaller batch."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import Any

import pytest
import torch
from test_training import arguments, rows, run_to_end

from actverse_trainer.checkpoints import RunFolder
from actverse_trainer.dataset import read_dataset
from actverse_trainer.memory import is_memory


def forbid_more_memory(pid: int) -> None:
    """Its next big allocation fails."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() - (64 << 20)
    resource.prlimit(pid, resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="this system cannot limit a running process")
def test_goes_on_with_a_smaller_batch(pose_data: str, tmp_path: Path, start: Any) -> None:
    run = tmp_path / "run"
    victim = start(*arguments(pose_data, run, epochs=3))
    limited, error = False, None
    for event in victim.events():
        if event["event"] == "batch" and event["epoch"] == 1 and event["phase"] == "train" and not limited:
            forbid_more_memory(victim.process.pid)
            limited = True
        if event["event"] == "error":
            error = event
    assert victim.process.wait() == 2, "".join(victim.words)
    assert limited and error and error["kind"] == "memory", f"{error} {''.join(victim.words)}"
    checkpoint, notes = RunFolder(str(run)).newest()
    assert checkpoint and checkpoint["epoch"] == 0 and notes == []

    # The caller starts it again with half the batch.
    events = run_to_end(start(*arguments(pose_data, run, epochs=3, batch=16)))
    assert events[0]["resumed_from"] == 1 and events[0]["batch"] == 16 and events[0]["batches"] == 16
    assert [row["epoch"] for row in rows(run)] == ["1", "2", "3"]
    # The learning rate's plan is that of the larger batch: a cosine from 0.006 to a fiftieth of it.
    rates = [float(row["lr/pg0"]) for row in rows(run)]
    assert rates == pytest.approx([0.006, 0.00453, 0.00159], rel=1e-3)


@pytest.mark.parametrize("warmup", [True, False])
def test_the_rate_of_an_epoch_does_not_depend_on_the_batch(warmup: bool, pose_data: str, tmp_path: Path) -> None:
    rates = []
    for batches in (4, 16):
        progress, trainer = progress_of(pose_data, tmp_path, epochs=40)
        trainer.epoch, trainer.train_loader = (1 if warmup else 7), range(batches)
        progress.epoch_start(trainer)
        trainer.optimizer = torch.optim.AdamW([{"params": [torch.zeros(1)], "initial_lr": 1.0, "lr": trainer.lf(trainer.epoch)}])
        for _ in range(batches):
            progress.batch_start(trainer)
            progress.pace.step(1)
        rates.append(trainer.optimizer.param_groups[0]["lr"])
    assert rates[0] == rates[1] == pytest.approx(trainer.lf(trainer.epoch) * (2 / 3 if warmup else 1))


def progress_of(data: str, folder: Path, **asked: Any) -> tuple[Any, Any]:
    from ultralytics.utils.torch_utils import one_cycle

    from actverse_trainer.progress import Progress

    run = make_run(data, folder, **asked)

    class Trainer:
        epochs = run.settings.epochs
        lf = staticmethod(one_cycle(1, 0.02, epochs))

    return Progress(run), Trainer()


def make_run(data: str, folder: Path, **asked: Any) -> Any:
    """As a peer, which says nothing."""
    from actverse_trainer.run import Run
    from actverse_trainer.settings import resolve

    content = read_dataset(data)
    return Run(content, resolve({"imgsz": 64, "batch": 32, "device": "cpu"} | asked, content), RunFolder(str(folder)), None, rank=1)


def test_ultralytics_does_not_halve_the_batch_by_itself(pose_data: str, tmp_path: Path) -> None:
    """In the first epoch on a GPU it would, and nobody would know with which batch the model was trained."""
    from actverse_trainer.training import make_trainer

    trainer = make_trainer(make_run(pose_data, tmp_path, epochs=2))

    def full(batch: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")

    trainer.preprocess_batch = full
    with pytest.raises(torch.OutOfMemoryError):
        trainer.train()
    assert trainer.batch_size == 32


@pytest.mark.parametrize(
    "problem",
    [
        MemoryError(),
        OSError(12, "Cannot allocate memory"),
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("[enforce fail at alloc_cpu.cpp:118] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes."),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate(handle)"),
        RuntimeError("could not create a primitive"),
        RuntimeError("MPS backend out of memory (MPS allocated: 1 GB)"),
        RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed. "),
        RuntimeError("OpenCV(4.12.0) alloc.cpp:73: error: (-4:Insufficient memory) Failed to allocate 100 bytes in function 'OutOfMemoryError'"),
    ],
)
def test_knows_what_says_that_memory_ran_out(problem: Exception) -> None:
    assert is_memory(problem)
    outer = RuntimeError("the checkpoint was not written")
    outer.__cause__ = problem
    assert is_memory(outer) and not is_memory(RuntimeError("CUDA error: device-side assert triggered"))
