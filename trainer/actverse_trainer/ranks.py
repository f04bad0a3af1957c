"""Several devices: one process for each, started here, so that they end with the first.

The first, rank 0, talks to the caller; the others, its peers, are in its process group and end when it does: their stdin is
their life-line. What a peer fails of is told as rank 0's own error.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any, Callable

#: As long as a caller may take to publish a checkpoint while the peers wait.
TIMEOUT = timedelta(hours=3)
#: Seconds in which a peer that failed says why, before its effect on rank 0 is taken for the cause.
GRACE = 5.0


def announce(rank: int, count: int) -> None:
    """Has to come before Ultralytics is imported, which reads it then."""
    os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(count))


class Peers:
    """The processes beside rank 0. `on_error` gets a peer's error event; it is called once, from a thread, and should end this process."""

    def __init__(self, count: int, run: str, on_error: Callable[[dict[str, Any]], None]):
        self.on_error = on_error
        self.failed = threading.Event()
        self.ending = False
        # In the run folder: what a training that is killed leaves goes with it.
        self.folder = tempfile.TemporaryDirectory(prefix="ranks-", dir=run)
        self.meeting = str(Path(self.folder.name) / "meeting")
        self.processes: list[subprocess.Popen[str]] = []
        self.count = count

    def start(self, job: dict[str, Any]) -> None:
        for rank in range(1, self.count):
            environment = os.environ | {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(self.count)}
            peer = subprocess.Popen([sys.executable, "-m", "actverse_trainer", "peer"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
            assert peer.stdin
            peer.stdin.write(json.dumps(job | {"meeting": self.meeting}) + "\n")
            peer.stdin.flush()
            self.processes.append(peer)
            threading.Thread(target=self._watch, args=(rank, peer), daemon=True).start()

    def _watch(self, rank: int, peer: subprocess.Popen[str]) -> None:
        error: dict[str, Any] | None = None
        for line in peer.stdout or ():
            event = json.loads(line)
            if event.get("event") == "error":
                error = event
        code = peer.wait()
        if code == 0 or self.ending or self.failed.is_set():
            return
        self.failed.set()
        self.folder.cleanup()
        # The host kills what takes too much memory, with SIGKILL.
        kind = "memory" if code == -signal.SIGKILL else "crash"
        self.on_error(error or {"kind": kind, "message": f"The process of device {rank} ended with {code}", "what_to_do": "Try again; the log of the training worker has the details."})

    def wait_for_cause(self) -> None:
        """After an error of rank 0: where a peer failed first, its error is told instead, and this does not return."""
        for peer in self.processes:
            try:
                peer.wait(GRACE / self.count)
            except subprocess.TimeoutExpired:
                continue
            if peer.returncode != 0:
                threading.Event().wait(GRACE)
        self.ending = True
        self.folder.cleanup()

    def finish(self) -> None:
        """After the last epoch. A peer that does not end by itself ends with its life-line."""
        self.ending = True
        for peer in self.processes:
            try:
                peer.wait(30)
            except subprocess.TimeoutExpired:
                peer.kill()
                peer.wait()
        self.folder.cleanup()


def join(device: str, meeting: str) -> Any:
    """Meets the others; the device of this process."""
    import torch
    from torch import distributed

    rank, count = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    own = device.split(",")[rank]
    on_cpu = own == "cpu"
    if not on_cpu:
        torch.cuda.set_device(int(own))
    backend = "nccl" if not on_cpu and distributed.is_nccl_available() else "gloo"
    distributed.init_process_group(backend, init_method=f"file://{meeting}", rank=rank, world_size=count, timeout=TIMEOUT)
    return torch.device("cpu") if on_cpu else torch.device("cuda", int(own))


def agreed(value: Any, count: int) -> Any:
    """Rank 0's value, for all."""
    if count < 2:
        return value
    from torch import distributed

    values = [value]
    distributed.broadcast_object_list(values, 0)
    return values[0]
