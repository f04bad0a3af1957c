"""Trains, or goes on training, in a run folder; tells of each batch and epoch; ends with model.pt."""

from __future__ import annotations

import io
import math
import os
import time
from copy import deepcopy
from typing import Any

import torch
from torch import nn
from ultralytics.data import build_dataloader
from ultralytics.models.yolo.detect import DetectionTrainer
from ultralytics.models.yolo.pose import PoseTrainer
from ultralytics.nn.tasks import load_checkpoint
from ultralytics.utils.torch_utils import strip_optimizer

from . import network
from .channel import Channel
from .checkpoints import OURS, RunFolder, write_whole
from .dataset import Dataset
from .samples import Crops, WholeFrames
from .settings import Settings

#: Object keypoint similarity's tolerance, as a share of the animal's size. Ultralytics' default for other than COCO's
#: 17 keypoints is 1/K: with five, a keypoint anywhere on the animal would count as right.
SIGMA = 0.05


class KeypointLoss(nn.Module):
    """Distance in units of SIGMA times the animal's size, with heavy tails: log(1 + d^2 / 2).

    Ultralytics' 1 - exp(-d^2) has no gradient for a keypoint that is far away, such as a head taken for a tail.
    """

    def __init__(self, sigma: float):
        super().__init__()
        self.sigma = sigma

    def forward(self, predicted: torch.Tensor, true: torch.Tensor, seen: torch.Tensor, area: torch.Tensor) -> torch.Tensor:
        distance = (predicted[..., :2] - true[..., :2]).pow(2).sum(-1) / ((2 * self.sigma) ** 2 * (area + 1e-9))
        weight = seen.shape[1] / (seen.sum(dim=1, keepdim=True) + 1e-9)
        return (weight * torch.log1p(distance / 2) * seen).mean()


class Run:
    """What the trainer needs beside Ultralytics' own arguments."""

    def __init__(self, data: Dataset, settings: Settings, folder: RunFolder, channel: Channel):
        self.data, self.settings, self.folder, self.channel = data, settings, folder, channel
        self.base_path: str | None = None
        self.base = ""
        self.checkpoint: dict[str, Any] | None = None
        self.elapsed_before = 0.0
        self.started = time.monotonic()
        self.notes: list[str] = []

    @property
    def elapsed(self) -> float:
        return self.elapsed_before + time.monotonic() - self.started


class _Hooks:
    """Mixed into Ultralytics' trainers: our samples, network, loss, checkpoints and reports."""

    run: Run

    def check_resume(self, overrides: dict[str, Any]) -> None:
        # Ours: settings come from the checkpoint, paths from this run.
        self.resume = self.run.checkpoint is not None
        self.args.resume = self.resume

    def get_dataset(self) -> dict[str, Any]:
        data = self.run.data
        count = len(data.keypoints)
        pose = {"kpt_shape": [count, 3], "kpt_oks_sigmas": [SIGMA] * count, "kpt_names": dict.fromkeys(data.names, data.keypoints)}
        return {"names": data.names, "nc": len(data.names), "channels": 3, "train": "train", "val": "val", **(pose if count else {})}

    def setup_model(self) -> dict[str, Any] | None:
        run = self.run
        if run.checkpoint:
            weights = run.checkpoint["ema"].float()
            self.model = _channels_last(network.build(weights.yaml, run.data, run.settings.task, weights))
            return run.checkpoint
        weights = load_checkpoint(run.base_path)[0] if run.base_path else None
        cfg = weights.yaml if weights is not None else network.architecture(run.settings)
        self.model = _channels_last(network.build(cfg, run.data, run.settings.task, weights))
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
        buffer = io.BytesIO()
        # Ultralytics cannot read weights that lie channels last.
        ema = deepcopy(self.ema.ema).to(memory_format=torch.contiguous_format)
        ema.criterion = None
        torch.save(
            {
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
                "version": torch.__version__,
                OURS: {
                    "settings": run.settings.as_dict() | {"epochs": self.epochs},
                    "base": run.base,
                    "elapsed": run.elapsed,
                    "finished": bool(self.stop),
                    "rows": self.csv.read_text(),
                    "weights": {k: v.detach().cpu() for k, v in self.model.state_dict().items()},
                },
            },
            buffer,
        )
        run.folder.publish(buffer.getvalue(), is_best=self.best_fitness == self.fitness)
        f = run.folder
        run.channel.emit("checkpoint", epoch=self.epoch, last=str(f.last), best=str(f.best), results=str(f.results))
        run.channel.wait_for_ack(self.epoch)
        return True

    def _load_checkpoint_state(self, checkpoint: dict[str, Any]) -> None:
        super()._load_checkpoint_state(checkpoint)
        # The optimiser's momenta belong to these weights, not to their moving average.
        self.model.load_state_dict(checkpoint[OURS]["weights"])

    def final_eval(self) -> None:
        """finish() does it, also for a run that was killed after its last epoch."""


def _channels_last(thing: Any) -> Any:
    """A fifth less time on a CPU, and more on a GPU; Apple's gives wrong numbers with it."""
    return thing if torch.backends.mps.is_available() else thing.to(memory_format=torch.channels_last)


def _plan_for(trainer: Any) -> None:
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


def _callbacks(run: Run) -> dict[str, list[Any]]:
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
        _plan_for(trainer)
        done = trainer.epoch + 1
        left = run.elapsed / done * (trainer.epochs - done)
        figures = {**losses(trainer), **figures_of(trainer.metrics), "fitness": float(trainer.fitness or 0), "seconds_left": round(left)}
        run.channel.emit("epoch", epoch=trainer.epoch, epochs=trainer.epochs, figures=figures)

    return {"on_train_start": [train_start], "on_train_epoch_start": [epoch_start], "on_train_batch_end": [batch_end], "on_fit_epoch_end": [epoch_end]}


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


def make_trainer(run: Run) -> Any:
    s = run.settings
    parent = PoseTrainer if s.task == "pose" else DetectionTrainer
    kind = type(f"Actverse{parent.__name__}", (_Hooks, parent), {"run": run})
    arguments = {
        "model": "yolo11n.yaml",  # a name that Ultralytics takes; setup_model() builds the network
        "data": run.data.yaml_path,
        "task": s.task,
        "epochs": s.epochs,
        "patience": s.patience,
        "batch": s.batch,
        "nbs": s.batch,
        "imgsz": s.imgsz,
        "device": s.device,
        "seed": s.seed,
        "optimizer": "AdamW",
        "lr0": s.lr,
        "lrf": 0.02,
        "cos_lr": True,
        "momentum": 0.9,
        "weight_decay": 0.01,
        "warmup_epochs": min(3.0, s.epochs / 10),
        "warmup_bias_lr": 0.0,
        "close_mosaic": 0,
        "plots": False,
        "deterministic": False,
        "amp": s.device not in ("cpu", "mps"),
        "workers": 0 if s.device in ("cpu", "mps") else 4,
        "project": str(run.folder.path.parent),
        "name": run.folder.path.name,
        "exist_ok": True,
        "save_dir": str(run.folder.path / "ultralytics"),
        "verbose": False,
    }
    trainer = kind(overrides=arguments, _callbacks=None)
    if s.device == "cpu":
        torch.set_num_threads(_cores())  # Ultralytics leaves one core out, for data loaders that there are none of on a CPU
    for event, callbacks in _callbacks(run).items():
        for callback in callbacks:
            trainer.add_callback(event, callback)
    trainer.csv = run.folder.results
    trainer.last, trainer.best = run.folder.last, run.folder.best  # from where Ultralytics recovers when a loss is not a number
    return trainer


def _cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def train(run: Run) -> None:
    """Up to the last epoch; nothing where the checkpoint says that it was done."""
    checkpoint = run.checkpoint
    if checkpoint:
        run.folder.rewind_results(checkpoint)
        run.elapsed_before = float(checkpoint[OURS]["elapsed"])
        if checkpoint[OURS]["finished"]:
            return
    else:
        run.folder.clear()
    make_trainer(run).train()


def finish(run: Run) -> dict[str, Any]:
    """model.pt from the best epoch, and its figures on the validation frames."""
    source = run.folder.best_or_last()
    checkpoint = torch.load(source, map_location="cpu", weights_only=False)
    best_epoch = int(checkpoint["epoch"])
    checkpoint.pop(OURS)
    buffer = io.BytesIO()
    torch.save(checkpoint, buffer)
    write_whole(run.folder.model, buffer.getvalue())
    strip_optimizer(str(run.folder.model))
    rows = run.folder.results.read_text().splitlines()
    header = [name.strip() for name in rows[0].split(",")]
    values = next(row.split(",") for row in rows[1:] if int(float(row.split(",")[0])) == best_epoch + 1)
    metrics = figures_of({k: float(v) for k, v in zip(header, values)})
    return {
        "model": str(run.folder.model),
        "results": str(run.folder.results),
        "epochs": len(rows) - 1,
        "best_epoch": best_epoch,
        "base": run.base,
        "task": run.settings.task,
        "imgsz": run.settings.imgsz,
        "metrics": metrics,
        "notes": run.notes,
    }
