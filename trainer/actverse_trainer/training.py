"""Trains, or goes on training, in a run folder."""

from __future__ import annotations

import os
from typing import Any, Callable

import torch
from ultralytics.models.yolo.detect import DetectionTrainer
from ultralytics.models.yolo.pose import PoseTrainer

from .checkpoints import OURS
from .hooks import Hooks
from .progress import Progress
from .run import Run


def make_trainer(run: Run) -> Any:
    s = run.settings
    on_cpu = s.devices[0] == "cpu"
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
        "device": "cpu" if on_cpu else s.device,
        "seed": s.seed,
        "optimizer": "AdamW",
        "lr0": s.lr,
        "lrf": 0.02,
        "cos_lr": True,
        "momentum": 0.9,
        "weight_decay": 0.01,
        "warmup_epochs": 0,  # progress.py has a warm-up
        "close_mosaic": 0,
        "plots": False,
        "deterministic": False,
        "amp": not on_cpu and s.device != "mps",
        "workers": 0 if on_cpu or s.device == "mps" else 4,
        "project": str(run.folder.path.parent),
        "name": run.folder.path.name,
        "exist_ok": True,
        "save_dir": str(run.folder.path / "ultralytics"),
        "verbose": False,
    }
    trainer = kind(overrides=arguments, _callbacks=None)
    trainer.world_size = run.count if run.count > 1 else 0
    if on_cpu:
        # Ultralytics leaves one core out, for data loaders that there are none of on a CPU
        torch.set_num_threads(max(_cores() // run.count, 1))
    for event, callback in Progress(run).callbacks().items():
        trainer.add_callback(event, callback)
    trainer.csv = run.folder.results
    trainer.last, trainer.best = run.folder.last, run.folder.best  # from where Ultralytics recovers when a loss is not a number
    return trainer


def _cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def train(run: Run, start_peers: Callable[[], None] = lambda: None) -> None:
    """Up to the last epoch; nothing where the checkpoint says that it was done. Peers, if any, are started when the folder is ready."""
    checkpoint = run.checkpoint
    if checkpoint:
        run.elapsed_before = float(checkpoint[OURS]["elapsed"])
    if run.rank == 0:
        if checkpoint:
            run.notes += run.folder.agree(checkpoint)
        else:
            run.folder.clear()
    if checkpoint and checkpoint[OURS]["finished"]:
        return
    if run.rank == 0:
        start_peers()
    make_trainer(run).train()
    if run.count > 1:
        torch.distributed.destroy_process_group()
