"""What has to be set before Ultralytics and PyTorch are imported."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    return Path(os.environ.get("ACTVERSE_CACHE") or Path.home() / ".cache" / "actverse")


def prepare() -> None:
    """Ultralytics must not look for the internet, install packages, touch a person's own settings of it, or run a pickle's code."""
    config = cache_folder() / "ultralytics"
    config.mkdir(parents=True, exist_ok=True)
    os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false", YOLO_VERBOSE="false", YOLO_CONFIG_DIR=str(config), ULTRALYTICS_SAFE_LOAD="true")
    # Threads that wait actively for each other are 20 times slower on a machine that others use too.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
