"""Real trainings, two or three epochs of a few batches each."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import torch

from actverse_trainer.safe import open_checkpoint

SETTINGS = {"imgsz": 64, "epochs": 3, "batch": 32, "device": "cpu"}


def run_to_end(trainer: Any) -> list[dict[str, Any]]:
    events = list(trainer.events())
    assert trainer.process.wait() == 0, "".join(trainer.words)
    return events


def rows(run: Path) -> list[dict[str, str]]:
    with open(run / "results.csv") as file:
        return list(csv.DictReader(file))


def arguments(data: str, run: Path, **settings: Any) -> list[str]:
    return ["train", "--data", data, "--run", str(run), "--settings", json.dumps(SETTINGS | settings)]


def test_trains_resumes_after_a_kill_and_exports(pose_data: str, tmp_path: Path, start: Any) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    events = run_to_end(start(*arguments(pose_data, whole)))
    names = [event["event"] for event in events if event["event"] not in ("batch", "progress")]
    assert names == ["start", *["checkpoint", "epoch"] * 3, "done"]
    assert events[0]["base"].startswith("from scratch") and events[0]["scale"] == "micro" and events[0]["mirror"]
    assert [row["epoch"] for row in rows(whole)] == ["1", "2", "3"]
    batches = [event for event in events if event["event"] == "batch"]
    assert batches and all(0 <= event["epoch"] < 3 and event["epochs"] == 3 and 0 <= event["batch"] <= event["batches"] and event["phase"] in ("train", "validation") for event in batches)
    assert any(event["losses"] and event["images_per_s"] > 0 and event["seconds_left"] > 0 for event in batches)
    figures = [event["figures"] for event in events if event["event"] == "epoch"]
    parts = {f"{what}_{figure}" for what in ("box", "pose") for figure in ("precision", "recall", "map50", "map50_95", "loss")}
    assert all(set(one) >= parts | {"fitness", "lr", "seconds_left"} for one in figures) and figures[-1]["seconds_left"] == 0
    assert [one["lr"] for one in figures] == sorted((one["lr"] for one in figures), reverse=True)

    # Killed between a checkpoint and its acknowledgement, as when a worker dies while it publishes.
    victim = start(*arguments(pose_data, broken))
    for event in victim.events(acknowledge=False):
        if event["event"] == "checkpoint" and event["epoch"] == 1:
            victim.kill()
            break
        if event["event"] == "checkpoint":
            victim.answer(event["epoch"])
    assert len(rows(broken)) == 2
    # A row of an epoch whose checkpoint was never written: it is done, and written, again.
    with open(broken / "results.csv", "a") as file:
        file.write("3,99" + ",0" * (len(rows(whole)[0]) - 2) + "\n")
    # As after a good epoch long ago: the best fitness so far is carried over, and best.pt with it.
    best = open_checkpoint(broken / "last.pt") | {"epoch": 0}
    torch.save(best, broken / "best.pt")
    carried = open_checkpoint(broken / "last.pt")
    carried["best_fitness"] = carried["stopper"]["best_fitness"] = 5.0
    torch.save(carried, broken / "last.pt")
    # It goes on from the files alone, at another place, and settings asked for now do not change the run.
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("last.pt", "best.pt", "results.csv"):
        shutil.copy(broken / name, moved / name)
    events = run_to_end(start(*arguments(pose_data, moved, epochs=7)))
    assert events[0]["resumed_from"] == 2 and events[0]["epochs"] == 3
    assert [event["epoch"] for event in events if event["event"] == "epoch"] == [2]
    rates = [[row[key] for row in rows(run) for key in row if key.startswith("lr/")] for run in (whole, moved)]
    assert rates[0] == rates[1] and [row["epoch"] for row in rows(moved)] == ["1", "2", "3"]
    assert open_checkpoint(moved / "last.pt")["best_fitness"] == 5.0 and open_checkpoint(moved / "best.pt")["epoch"] == 0
    # No restart from scratch: the loss goes on where it was, and the optimiser's steps and the average's with it.
    losses = [float(row["train/box_loss"]) for row in rows(moved)]
    assert losses[2] < losses[0]
    undisturbed, resumed = (open_checkpoint(run / "last.pt") for run in (whole, moved))
    steps = [[state["step"].item() for state in checkpoint["optimizer"]["state"].values()] for checkpoint in (undisturbed, resumed)]
    assert steps[0] == steps[1] and set(steps[0]) == {3 * events[0]["batches"]} and undisturbed["updates"] == resumed["updates"] == 3 * events[0]["batches"]

    # Killed after its last epoch, with a last.pt that was cut short on top: finishes from the one before.
    again = run_to_end(start(*arguments(pose_data, moved)))
    assert [event["event"] for event in again] == ["start", "progress", "done"] and again[-1]["epochs"] == 3
    (moved / "last.pt").write_bytes((moved / "last.pt").read_bytes()[:5000])
    events = run_to_end(start(*arguments(pose_data, moved)))
    assert events[0]["resumed_from"] == 2 and "last.pt cannot be read" in events[0]["notes"][0] and "goes on from previous.pt" in events[0]["notes"][1]
    assert [row["epoch"] for row in rows(moved)] == ["1", "2", "3"]

    done = events[-1]
    assert done["task"] == "pose" and done["imgsz"] == 64 and Path(done["model"]).is_file() and set(done["metrics"]) >= {"box_map50", "pose_map50"}
    assert [(row["class"], row["images"], row["instances"]) for row in done["per_class"]] == [("bug", 4, 4)] and all(Path(path).is_file() for path in done["report"].values())
    onnx = tmp_path / "model.onnx"
    parity = run_to_end(start("export", "--model", done["model"], "--imgsz", "64", "--output", str(onnx), "--data", pose_data))[-1]
    assert parity["event"] == "parity" and parity["images"] == 4 and parity["unmatched"] == 0
    assert parity["max_box_px"] <= 1 and parity["max_score"] <= 0.01 and parity["max_keypoint_px"] <= 1
    check_onnx(str(onnx))


def check_onnx(path: str) -> None:
    import numpy as np
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    about = session.get_modelmeta().custom_metadata_map
    assert about["names"] == "{0: 'bug'}" and about["kpt_names"] == "{0: ['head', 'tail']}" and about["task"] == "pose" and about["imgsz"] == "[64, 64]"
    # Batch, height and width are free: 4 + class + 2 keypoints of x, y, visibility; 8x8 + 4x4 + 2x2 anchors.
    assert session.run(None, {session.get_inputs()[0].name: np.zeros((3, 3, 64, 64), np.float32)})[0].shape == (3, 11, 84)
    assert session.run(None, {session.get_inputs()[0].name: np.zeros((1, 3, 32, 96), np.float32)})[0].shape == (1, 11, 63)


def test_ends_when_stdin_closes(pose_data: str, tmp_path: Path, start: Any) -> None:
    trainer = start(*arguments(pose_data, tmp_path / "run", epochs=1000))
    for event in trainer.events():
        if event["event"] == "batch":
            trainer.process.stdin.close()
            break
    assert trainer.process.wait(timeout=60) == 1


def test_time_limit_ends_with_the_best_so_far(pose_data: str, tmp_path: Path, start: Any) -> None:
    events = run_to_end(start(*arguments(pose_data, tmp_path / "run", epochs=5000, time_limit=15)))
    last = [event for event in events if event["event"] == "epoch"][-1]
    assert events[-1]["event"] == "done" and 1 <= events[-1]["epochs"] < 5000 and last["epochs"] < 5000


def test_detects_where_there_are_no_keypoints(tmp_path: Path, start: Any) -> None:
    from conftest import make_dataset

    events = run_to_end(start(*arguments(make_dataset(tmp_path, keypoints=False), tmp_path / "run", epochs=1)))
    assert events[-1]["task"] == "detect" and "pose_map50" not in events[-1]["metrics"]


def test_nothing_to_resume(pose_data: str, tmp_path: Path, start: Any) -> None:
    trainer = start("resume", *arguments(pose_data, tmp_path / "run")[1:])
    events = list(trainer.events())
    assert trainer.process.wait() == 2 and events[-1]["kind"] == "input" and "no checkpoint" in events[-1]["message"]
