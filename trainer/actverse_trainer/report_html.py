"""The page: one file that opens by itself, without network. Every word from outside is escaped."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path
from typing import Any, Sequence

import cv2

from .report_svg import COLOURS, chart, overlay

#: Longer side of a frame in the page, pixels; JPEG quality.
SIDE, QUALITY = 800, 82
WORDS = {
    "box_precision": "Precision",
    "box_recall": "Recall",
    "box_map50": "Boxes, mAP50",
    "box_map50_95": "Boxes, mAP50–95",
    "pose_map50": "Keypoints, mAP50",
    "pose_map50_95": "Keypoints, mAP50\u201395",
}
SETTINGS = [("task", ""), ("scale", ""), ("base_model", ""), ("device", ""), ("imgsz", "px"), ("crop", "px"), ("epochs", ""), ("patience", "epochs"), ("batch", "images"), ("batches", "an epoch"), ("lr", ""), ("seed", ""), ("augment", ""), ("time_limit", "s")]
LOSSES = {"box": "Box loss", "pose": "Keypoint loss", "kobj": "Keypoint visibility loss", "cls": "Class loss", "dfl": "Box edge loss", "rle": "Keypoint spread loss"}


def page(report: dict[str, Any]) -> str:
    metrics, pose = report["metrics"], report["task"] == "pose"
    cards = "".join(f'<div class="card"><b>{_share(metrics[key])}</b><span>{words}</span></div>' for key, words in WORDS.items() if key in metrics)
    facts = [f"{report['train_images']} training and {report['val_images']} validation frames", f"{report['boxes']} labeled animals", f"{report['epochs']} epochs, the best is {report['best_epoch'] + 1}", _duration(report["seconds"]), report["base"]]
    frames = "".join(_frame(frame) for frame in report["frames"])
    sections = [
        f'<header><p class="kind">{"Boxes and keypoints" if pose else "Boxes"}</p><h1>Training report</h1><p class="facts">{" · ".join(escape(fact) for fact in facts)}</p></header>',
        f'<section class="cards" aria-label="Figures on the validation frames">{cards}</section>',
        _notes(report["notes"]),
        f"<section><h2>Learning curves</h2><p class=\"hint\">By epoch. The dashed line is the epoch that the model is from.</p><div class=\"charts\">{_charts(report)}</div></section>",
        f"<section><h2>Classes</h2><p class=\"hint\">On the validation frames. mAP50: of objects found at an overlap of half; mAP50–95: the mean up to almost exact.</p>{_classes(report['per_class'], pose)}</section>",
        f"<section><h2>Validation frames</h2><p class=\"hint\">The {len(report['frames'])} worst of {report['val_images']}, the worst first. Agreement: overlap of found and labeled boxes, all in all.</p>{_legend(report['keypoints'])}<div class=\"frames\">{frames}</div></section>",
        f"<section><h2>Settings</h2>{_settings(report['settings'])}</section>",
    ]
    css = (Path(__file__).parent / "report.css").read_text()
    return f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><title>Training report</title><style>{css}</style></head><body><main>{"".join(sections)}</main></body></html>\n'


def _charts(report: dict[str, Any]) -> str:
    rows, best = report["curves"], report["best_epoch"] + 1

    def line(key: str) -> list[tuple[float, float]]:
        return [(row["epoch"], row[key]) for row in rows if key in row and "epoch" in row]

    def figure(title: str, series: Sequence[tuple[str, list[tuple[float, float]]]], share: bool = False) -> str:
        series = [one for one in series if one[1]]
        if not series:
            return ""
        keys = "".join(f'<span><i class="swatch c{i}"></i>{escape(name)} <b>{_share(values[-1][1]) if share else f"{values[-1][1]:.3g}"}</b></span>' for i, (name, values) in enumerate(series))
        return f'<figure><figcaption><b>{escape(title)}</b><span class="keys">{keys}</span></figcaption>{chart(series, share, best)}</figure>'

    parts = [figure("Boxes", [("mAP50", line("metrics/mAP50(B)")), ("mAP50–95", line("metrics/mAP50-95(B)"))], True)]
    parts.append(figure("Keypoints", [("mAP50", line("metrics/mAP50(P)")), ("mAP50–95", line("metrics/mAP50-95(P)"))], True))
    parts.append(figure("Precision and recall", [("precision", line("metrics/precision(B)")), ("recall", line("metrics/recall(B)"))], True))
    losses = [key for key in dict.fromkeys(key for row in rows for key in row) if key.startswith("train/")]
    for key in losses:
        name = key.removeprefix("train/").removesuffix("_loss")
        parts.append(figure(LOSSES.get(name, f"{name} loss"), [("training", line(key))]))
    parts.append(figure("Learning rate", [("rate", line("lr/pg0"))]))
    return "".join(parts)


def _classes(rows: list[dict[str, Any]], pose: bool) -> str:
    columns = [("images", "Frames", None), ("instances", "Animals", None), ("box_map50", "Boxes mAP50", "%"), ("box_map50_95", "mAP50–95", "%")]
    columns += [("pose_map50", "Keypoints mAP50", "%"), ("pose_map50_95", "mAP50–95", "%")] if pose else []
    head = "".join(f"<th>{words}</th>" for _, words, _ in columns)
    body = "".join(f"<tr><th>{escape(row['class'])}</th>{''.join(f'<td>{_share(row[key]) if unit else row[key]}</td>' for key, _, unit in columns)}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr><th>Class</th>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _settings(settings: dict[str, Any]) -> str:
    def words(value: Any) -> str:
        if isinstance(value, dict):
            return ", ".join(key for key, on in value.items() if on) or "none"
        return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)

    rows = "".join(f'<div><dt>{key.replace("_", " ")}</dt><dd>{escape(words(settings[key]))}{f" <small>{unit}</small>" if unit and settings[key] is not None else ""}</dd></div>' for key, unit in SETTINGS if key in settings)
    return f'<dl class="settings">{rows}</dl>'


def _notes(notes: list[str]) -> str:
    return f'<section class="notes"><h2>Notes</h2><ul>{"".join(f"<li>{escape(note)}</li>" for note in notes)}</ul></section>' if notes else ""


def _legend(keypoints: list[str]) -> str:
    return f'<p class="legend">{"".join(f"<span><i class=swatch-point data-k={i % COLOURS}></i>{escape(name)}</span>" for i, name in enumerate(keypoints))}</p>' if keypoints else ""


def _frame(frame: dict[str, Any]) -> str:
    width, height = frame["width"], frame["height"]
    panes = "".join(
        f'<div class="pane"><div class="picture" style="aspect-ratio:{width}/{height}">{overlay(width, height, frame[key])}</div><span>{title} <b>{len(frame[key])}</b></span></div>'
        for key, title in (("predicted", "Predicted"), ("labeled", "Labeled"))
    )
    return f'<figure class="frame" style="--frame:url(data:image/jpeg;base64,{_jpeg(frame["path"])})"><figcaption><b>{escape(frame["file"])}</b><span>agreement {_share(frame["score"])}</span></figcaption><div class="panes">{panes}</div></figure>'


def _jpeg(path: str) -> str:
    image = cv2.imread(path)
    shrink = SIDE / max(image.shape[:2])
    if shrink < 1:
        image = cv2.resize(image, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    return base64.b64encode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()).decode()


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _duration(seconds: int) -> str:
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min" if minutes else f"{seconds} s"
