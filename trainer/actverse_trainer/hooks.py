"""What Ultralytics' trainers do in our way: samples, network, checkpoints."""

from __future__ import annotations

import math
from copy import deepcopy
from typing import Any

import torch
from torch import nn
from ultralytics.data import build_dataloader
from ultralytics.utils.torch_utils import unwrap_model

from . import network
from .checkpoints import OURS
from .evaluate import describe
from .ranks import join
from .run import Run
from .safe import open_model
from .samples import Crops, WholeFrames


class Hooks:
    """Mixed into Ultralytics' trainers: our samples, network, loss, checkpoints and reports."""

    run: Run

    def check_resume(self, overrides: dict[str, Any]) -> None:
        # Ours: settings come from the checkpoint, paths from this run.
        self.resume = self.run.checkpoint is not None
        self.args.resume = self.resume

    def get_dataset(self) -> dict[str, Any]:
        return describe(self.run.data, self.run.settings.task)

    def setup_model(self) -> dict[str, Any] | None:
        run = self.run
        if run.checkpoint:
            weights = run.checkpoint["ema"].float()
            self.model = _channels_last(network.build(weights.yaml, run.data, run.settings.task, weights))
            return run.checkpoint
        if run.base_path:
            self.model = network.build_on(run.base_path, open_model(run.base_path, "The base model")[0], run.data, run.settings.task)
        else:
            self.model = network.build(network.architecture(run.settings), run.data, run.settings.task, None)
        self.model = _channels_last(self.model)
        return None

    def preprocess_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
        batch = super().preprocess_batch(batch)
        batch["img"] = _channels_last(batch["img"])
        return batch

    def build_dataset(self, img_path: str, mode: str = "train", batch: int | None = None) -> Any:
        run, s = self.run, self.run.settings
        options = {"hyp": self.args, "imgsz": s.imgsz, "data": self.data, "task": s.task, "augment": False, "batch_size": batch, "stride": 32}
        if mode == "train":
            return Crops(run.data.train, run.data, s, s.batches * self.args.batch, **options)
        return WholeFrames(run.data.val, rect=True, pad=0.5, prefix="val: ", **options)

    def get_dataloader(self, dataset_path: str, batch_size: int = 16, rank: int = 0, mode: str = "train") -> Any:
        dataset = self.build_dataset(dataset_path, mode, batch_size)
        return build_dataloader(dataset, batch=batch_size, workers=self.args.workers, shuffle=mode == "train", rank=rank, drop_last=False, device=self.device)

    def save_model(self) -> bool:
        """Both checkpoints with our part, whole on disk, then announced; goes on when the caller has taken them."""
        run = self.run
        # Ultralytics cannot read weights that lie channels last.
        ema = deepcopy(self.ema.ema).to(memory_format=torch.contiguous_format)
        ema.criterion = None
        content = {
            "epoch": self.epoch,
            "best_fitness": self.best_fitness,
            "stopper": {"best_fitness": self.stopper.best_fitness, "best_epoch": self.stopper.best_epoch},
            "model": None,
            "ema": ema,
            "updates": self.ema.updates,
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "train_args": vars(self.args),
            "train_metrics": {**self.metrics, "fitness": self.fitness},
            "version": str(torch.__version__),
            OURS: {
                "settings": run.settings.as_dict() | {"epochs": self.epochs},
                "base": run.base,
                "elapsed": run.elapsed,
                "finished": bool(self.stop),
                "rows": self.csv.read_text(),
                "weights": {k: v.detach().cpu() for k, v in unwrap_model(self.model).state_dict().items()},
            },
        }
        f = run.folder
        f.publish(content, is_best=self.best_fitness == self.fitness)
        run.channel.emit("checkpoint", epoch=self.epoch, last=str(f.last), best=str(f.best), results=str(f.results))
        run.channel.wait_for_ack(self.epoch)
        return True

    def _load_checkpoint_state(self, checkpoint: dict[str, Any]) -> None:
        super()._load_checkpoint_state(checkpoint)
        # The optimiser's momenta belong to these weights, not to their moving average.
        unwrap_model(self.model).load_state_dict(checkpoint[OURS]["weights"])
        # Steps as this batch size counts them.
        self.ema.updates = round(checkpoint["updates"] * self.run.settings.batches / checkpoint[OURS]["settings"]["batches"])
        self.pace_average()

    def pace_average(self) -> None:
        """Ultralytics' average of the weights is made for 100 times as many steps: it would lag behind the whole of a short training."""
        total = max(self.epochs * len(self.train_loader), 1)
        decay = 1 - 1 / max(min(total / 20, 10_000), 2)
        self.ema.decay = lambda updates: decay * (1 - math.exp(-updates / (total / 20)))

    def _setup_ddp(self) -> None:
        self.device = join(self.run.settings.device, self.run.meeting)

    def _setup_train(self) -> None:
        # On CPUs, which Ultralytics does not know several of, the network is wrapped below.
        self.world_size = 0 if self.device.type == "cpu" else self.run.count
        super()._setup_train()

    def _build_train_pipeline(self) -> None:
        if self.device.type == "cpu" and self.run.count > 1:
            self.world_size = self.run.count
            self.model = nn.parallel.DistributedDataParallel(self.model, find_unused_parameters=True)
        super()._build_train_pipeline()

    def final_eval(self) -> None:
        """finish() does it, also for a run that was killed after its last epoch."""


def _channels_last(thing: Any) -> Any:
    """A fifth less time on a CPU, and more on a GPU; Apple's gives wrong numbers with it."""
    return thing if torch.backends.mps.is_available() else thing.to(memory_format=torch.channels_last)
