"""Drawings of the report: learning curves, and boxes and keypoints over a frame. Colours are the page's (report.css)."""

from __future__ import annotations

import math
from html import escape
from typing import Any, Sequence

WIDTH, HEIGHT = 360, 200
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 12, 26
#: Of a keypoint to count as seen, in a prediction.
SEEN = 0.5
COLOURS = 8


def chart(series: Sequence[tuple[str, list[tuple[float, float]]]], share: bool = False, best: float | None = None) -> str:
    """Lines over epochs. `share`: the axis goes from 0 to 1; else from 0 to above the largest. `best`: an epoch that is marked."""
    points = [point for _, line in series for point in line]
    if not points:
        return ""
    first, last = min(x for x, _ in points), max(x for x, _ in points)
    top = 1.0 if share else _nice(max(y for _, y in points) or 1.0)

    def place(x: float, y: float) -> tuple[float, float]:
        across = (x - first) / (last - first) if last > first else 0.5
        return LEFT + across * (WIDTH - LEFT - RIGHT), TOP + (1 - min(max(y / top, 0), 1)) * (HEIGHT - TOP - BOTTOM)

    parts = [f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(", ".join(name for name, _ in series))} by epoch">']
    for i in range(5):
        y = place(first, top * i / 4)[1]
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/><text class="tick" x="{LEFT - 6}" y="{y + 3.5:.1f}" text-anchor="end">{f"{25 * i} %" if share else _label(top * i / 4)}</text>')
    for x in _ticks(first, last):
        parts.append(f'<text class="tick" x="{place(x, 0)[0]:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{x}</text>')
    if best is not None and first <= best <= last:
        x = place(best, 0)[0]
        parts.append(f'<line class="best" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
    for number, (_, line) in enumerate(series):
        places = [place(x, y) for x, y in line]
        parts.append(f'<polyline class="line c{number}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in places)}"/>')
        if places:
            parts.append(f'<circle class="end c{number}" cx="{places[-1][0]:.1f}" cy="{places[-1][1]:.1f}" r="3"/>')
    return "".join([*parts, "</svg>"])


def overlay(width: int, height: int, objects: Sequence[dict[str, Any]]) -> str:
    """Boxes, their class and score, and keypoints, in pixels of the frame."""
    unit = max(width, height) / 100
    parts = [f'<svg viewBox="0 0 {width} {height}" preserveAspectRatio="none" aria-hidden="true">']
    for thing in objects:
        x1, y1, x2, y2 = thing["box"]
        colour = thing["class_id"] % COLOURS
        score = thing.get("score")
        words = escape(thing["class"]) + (f" {score:.2f}" if score is not None else "")
        above = y1 > 4 * unit
        parts.append(f'<rect class="box k{colour}" x="{x1}" y="{y1}" width="{max(x2 - x1, 0):.1f}" height="{max(y2 - y1, 0):.1f}"/>')
        parts.append(f'<text class="name k{colour}" x="{x1}" y="{y1 - unit if above else y2 + 3.2 * unit:.1f}" font-size="{2.8 * unit:.2f}" stroke-width="{0.7 * unit:.2f}">{words}</text>')
        for number, (x, y, seen) in enumerate(thing["keypoints"]):
            if seen >= (SEEN if score is not None else 0.01):
                parts.append(f'<circle class="point k{number % COLOURS}" cx="{x}" cy="{y}" r="{1.1 * unit:.2f}"/>')
    return "".join([*parts, "</svg>"])


def _nice(value: float) -> float:
    """The smallest of some round numbers times a power of ten that is not below."""
    power = 10 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10) if step * power >= value * 0.999)


def _label(value: float) -> str:
    return f"{value:.3g}" if value == 0 or abs(value) >= 0.001 else f"{value:.0e}"


def _ticks(first: float, last: float) -> list[int]:
    """The first epoch and round numbers after it."""
    step = next(step for power in range(6) for step in (10**power, 2 * 10**power, 5 * 10**power) if (last - first) / step <= 6)
    return [int(first), *(x for x in range(step, int(last) + 1, step) if x - first >= step / 2)]
