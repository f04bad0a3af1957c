"""Two processes for one training: on the CPU here, as on two GPUs but for the library that they talk through."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from test_training import arguments, rows, run_to_end

from actverse_trainer.checkpoints import OURS, RunFolder


def group(pid: int) -> list[int]:
    """Living processes of the group."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                state, _, member = (folder / "stat").read_text().rpartition(") ")[2].split()[:3]
            except OSError:
                continue
            if int(member) == pid and state != "Z":
                found.append(int(folder.name))
    return found


def gone(pid: int) -> bool:
    until = time.monotonic() + 30
    while group(pid):
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def test_trains_on_two_and_goes_on_on_one(pose_data: str, tmp_path: Path, start: Any, monkeypatch: Any) -> None:
    run = tmp_path / "run"
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    two = start(*arguments(pose_data, run, device="cpu,cpu"))
    for event in two.events(acknowledge=False):
        if event["event"] == "checkpoint" and event["epoch"] == 1:
            assert len(group(two.process.pid)) == 2
            # The first alone is killed; its peer ends because its life-line does.
            os.kill(two.process.pid, 9)
            break
        if event["event"] == "checkpoint":
            two.answer(event["epoch"])
    two.process.wait()
    assert gone(two.process.pid)
    # Where the two met lies in the run folder: nothing stays elsewhere.
    assert not [path for path in temporary.iterdir() if "ranks" in path.name]
    checkpoint, _ = RunFolder(str(run)).newest()
    assert checkpoint and checkpoint["epoch"] == 1 and checkpoint[OURS]["settings"]["device"] == "cpu,cpu"
    # Both had their half of each batch, and averaged: one step for each batch of 32.
    assert checkpoint["optimizer"]["state"][0]["step"] == 2 * checkpoint[OURS]["settings"]["batches"]
    events = run_to_end(start(*arguments(pose_data, run)))
    assert events[0]["resumed_from"] == 2 and events[0]["device"] == "cpu" and [row["epoch"] for row in rows(run)] == ["1", "2", "3"]


def test_a_peer_that_is_killed_ends_them_all(pose_data: str, tmp_path: Path, start: Any) -> None:
    two = start(*arguments(pose_data, tmp_path / "run", device="cpu,cpu", epochs=1000))
    error = None
    for event in two.events():
        if event["event"] == "batch" and error is None:
            peers = [pid for pid in group(two.process.pid) if pid != two.process.pid]
            if peers:
                os.kill(peers[0], 9)
        if event["event"] == "error":
            error = event
    assert two.process.wait() == 2 and gone(two.process.pid)
    assert error and error["kind"] == "memory" and "device 1" in error["message"]
