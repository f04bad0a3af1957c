from __future__ import annotations

from pathlib import Path

import numpy as np
from conftest import make_dataset

from actverse_trainer.dataset import Dataset, Frame, read_dataset
from actverse_trainer.samples import Crops, _move
from actverse_trainer.settings import resolve


def frame(points: list[list[float]]) -> Frame:
    return Frame("", 100, 100, np.array([0]), np.array([[40.0, 45.0, 60.0, 55.0]]), np.array([points], dtype=np.float32))


def test_a_quarter_turn_is_exact() -> None:
    quarter = np.array([[0.0, -1.0, 100.0], [1.0, 0.0, 0.0]])
    _, boxes, points = _move(frame([[60, 50, 2], [40, 50, 2]]), quarter, 100, None)
    assert np.allclose(boxes, [[0.5, 0.5, 0.1, 0.2]], atol=1e-6)
    assert np.allclose(points[0], [[0.5, 0.6, 2], [0.5, 0.4, 2]], atol=1e-6)


def test_a_mirror_image_swaps_left_and_right() -> None:
    mirror = np.array([[-1.0, 0.0, 100.0], [0.0, 1.0, 0.0]])
    _, _, points = _move(frame([[60, 50, 2], [40, 50, 1]]), mirror, 100, [1, 0])
    assert np.allclose(points[0], [[0.6, 0.5, 1], [0.4, 0.5, 2]], atol=1e-6)


def test_what_lies_outside_is_no_target() -> None:
    away = np.array([[1.0, 0.0, -55.0], [0.0, 1.0, 0.0]])
    classes, _, _ = _move(frame([[60, 50, 2], [40, 50, 2]]), away, 100, None)
    assert len(classes) == 0
    half = np.array([[1.0, 0.0, -50.0], [0.0, 1.0, 0.0]])
    _, boxes, points = _move(frame([[60, 50, 2], [40, 50, 2]]), half, 100, None)
    assert np.allclose(boxes, [[0.05, 0.5, 0.1, 0.1]], atol=1e-6) and points[0, :, 2].tolist() == [2, 0]


def test_pixels_and_labels_move_together(tmp_path: Path) -> None:
    """Over many random samples, the pixel under the head is bright and the one under the tail dark."""
    from ultralytics.cfg import get_cfg

    data: Dataset = read_dataset(make_dataset(tmp_path))
    settings = resolve({"device": "cpu", "imgsz": 64}, data)
    about = {"names": data.names, "nc": 1, "kpt_shape": [2, 3], "channels": 3}
    crops = Crops(data.train, data, settings, 200, hyp=get_cfg(), imgsz=64, data=about, task="pose", augment=False, batch_size=8, stride=32)
    np.random.seed(3)
    bright, dark = [], []
    for i in range(200):
        sample = crops[i]
        for points in sample["keypoints"].numpy():
            for (x, y, v), values in zip(points, (bright, dark)):
                if v > 0 and 0.1 < x < 0.9 and 0.1 < y < 0.9:
                    values.append(int(sample["img"][1, int(y * 64), int(x * 64)]))
    assert len(bright) > 100 and np.mean(np.array(bright) > 160) > 0.95 and np.mean(np.array(dark) < 120) > 0.95
