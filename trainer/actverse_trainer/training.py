"""Trains, or goes on training, in a run folder."""

from __future__ import annotations

import os
from typing import Any

import torch
from ultralytics.models.yolo.detect import DetectionTrainer
from ultralytics.models.yolo.pose import PoseTrainer

from . import progress
from .checkpoints import OURS
from .hooks import Hooks
from .run import Run


def make_trainer(run: Run) -> Any:
    s = run.settings
    parent = PoseTrainer if s.task == "pose" else DetectionTrainer
    kind = type(f"Actverse{parent.__name__}", (Hooks, parent), {"run": run})
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
    for event, callbacks in progress.callbacks(run).items():
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
