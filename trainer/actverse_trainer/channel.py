"""The line to whoever started us: JSON lines out on stdout, acknowledgements in on stdin."""

from __future__ import annotations

import json
import math
import os
import queue
import sys
import threading
import time
from typing import Any


class Channel:
    """Owns the real stdout, so that nothing that a library prints gets between the JSON lines.

    Unless `standalone`, stdin is the life-line: when it closes, this process ends at once, so that a caller
    that was killed leaves no orphan. Each line read from it is a JSON object, such as {"ack": 3}.
    """

    def __init__(self, standalone: bool):
        self.standalone = standalone
        #: When a line was last written, as time.monotonic(); and whether an acknowledgement is waited for.
        self.last = time.monotonic()
        self.waiting = False
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        self._lock = threading.Lock()
        os.dup2(2, 1)
        sys.stdout = sys.stderr
        self._acks: queue.Queue[int] = queue.Queue()
        if not standalone:
            threading.Thread(target=self._listen, daemon=True).start()

    def emit(self, event: str, **fields: Any) -> None:
        line = json.dumps({"event": event, **_finite(fields)}) + "\n"
        try:
            with self._lock:
                self._out.write(line)
                self._out.flush()
                self.last = time.monotonic()
        except BrokenPipeError:
            os._exit(1)

    def wait_for_ack(self, epoch: int) -> None:
        """Returns when the caller has taken what was announced for this epoch; at once when standalone."""
        self.waiting = True
        while not self.standalone and self._acks.get() != epoch:
            pass
        self.waiting = False

    def _listen(self) -> None:
        # os.read and not sys.stdin: its buffer's lock must not be held when the interpreter shuts down.
        pending = b""
        while chunk := os.read(0, 65536):
            *lines, pending = (pending + chunk).split(b"\n")
            for line in lines:
                try:
                    self._acks.put(int(json.loads(line)["ack"]))
                except (ValueError, KeyError, TypeError):
                    print(f"not understood on stdin: {line[:200]!r}", file=sys.stderr)
        os._exit(1)


def _finite(value: Any) -> Any:
    """JSON knows no NaN and no infinity: they become null."""
    if isinstance(value, dict):
        return {key: _finite(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
