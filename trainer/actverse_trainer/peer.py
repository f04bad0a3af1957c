"""One of the processes beside rank 0: the same training, with nothing to say."""

from __future__ import annotations

from typing import Any


def train_as_peer(job: dict[str, Any]) -> None:
    import os

    from .checkpoints import RunFolder
    from .dataset import read_dataset
    from .run import Run
    from .settings import Settings
    from .training import train

    folder = RunFolder(job["run"])
    run = Run(read_dataset(job["data"]), Settings.from_dict(job["settings"]), folder, None, rank=int(os.environ["RANK"]))
    run.base_path, run.meeting = job["base_path"], job["meeting"]
    if job["epoch"] >= 0:
        run.checkpoint, _ = folder.newest()
        if run.checkpoint is None or run.checkpoint["epoch"] != job["epoch"]:
            raise RuntimeError(f"The checkpoint of epoch {job['epoch'] + 1} is not the newest here")
    train(run)
