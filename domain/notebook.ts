import type { ResultMetadata } from "./result.ts";

/** notebook.ipynb, nbformat 4.5: the task's own figures from tracks.csv beside it, with pandas and matplotlib and nothing else. */
export interface Notebook {
  nbformat: 4;
  nbformat_minor: 5;
  metadata: Record<string, unknown>;
  cells: ({ id: string; metadata: Record<string, never>; source: string } & ({ cell_type: "markdown" } | { cell_type: "code"; execution_count: null; outputs: never[] }))[];
}

export interface NotebookFacts {
  task_id: string;
  width: number;
  height: number;
  fps: number;
  num_frames: number;
  /** Frames between two processed ones, plus one. */
  step: number;
  processed: number;
  /** The last processed frame; -1 where there is none. */
  last_frame: number;
  body_parts: string[];
}

export const notebookFacts = (metadata: ResultMetadata, rows: { processed: number; lastFrame: number }, frameSkip: number): NotebookFacts => ({
  task_id: metadata.task_id,
  width: metadata.origin_width,
  height: metadata.origin_height,
  fps: metadata.fps,
  num_frames: metadata.num_frames,
  step: frameSkip + 1,
  processed: rows.processed,
  last_frame: rows.lastFrame,
  body_parts: metadata.body_parts,
});

/** A JSON text is also a valid Python string literal when it is quoted as JSON once more: no name can break out of it. */
const load = (facts: NotebookFacts): string => `import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

facts = json.loads(${JSON.stringify(JSON.stringify(facts))})
tracks = pd.read_csv(Path("tracks.csv"), dtype={"id": str})
tracks["x"] = (tracks.x1 + tracks.x2) / 2
tracks["y"] = (tracks.y1 + tracks.y2) / 2
ids = sorted(tracks["id"].unique(), key=int)
colours = {name: plt.get_cmap("tab10")(i % 10) for i, name in enumerate(ids)}
print(f"{len(tracks)} rows, {len(ids)} animals, {facts['processed']} processed frames of {facts['num_frames']}")
tracks.head()`;

const TRAJECTORIES = `fig, ax = plt.subplots(figsize=(8, 8 * facts["height"] / facts["width"]))
for name in ids:
    animal = tracks[tracks["id"] == name]
    ax.plot(animal.x, animal.y, linewidth=0.8, color=colours[name], label=f"animal {name}")
ax.set(xlim=(0, facts["width"]), ylim=(facts["height"], 0), xlabel="x (pixels)", ylabel="y (pixels)", title="Trajectories of the box centres")
if ids:
    ax.legend(loc="upper right", fontsize="small")
plt.show()`;

const OCCUPANCY = `counts, _, _ = np.histogram2d(tracks.y, tracks.x, bins=(36, 64), range=((0, facts["height"]), (0, facts["width"])))
seconds = counts * facts["step"] / facts["fps"]
fig, ax = plt.subplots(figsize=(8, 8 * facts["height"] / facts["width"]))
image = ax.imshow(seconds, extent=(0, facts["width"], facts["height"], 0), cmap="magma", aspect="equal")
fig.colorbar(image, ax=ax, label="animal-seconds")
ax.set(xlabel="x (pixels)", ylabel="y (pixels)", title="Occupancy")
plt.show()`;

const SPEED = `# Only between neighbouring processed frames: over a gap, nobody knows the way that was taken.
steps = tracks.sort_values(["id", "frame"]).copy()
by_id = steps.groupby("id")
steps["moved"] = np.hypot(by_id.x.diff(), by_id.y.diff()).where(by_id.frame.diff() == facts["step"])
steps["speed"] = steps.moved / by_id.time.diff()
summary = pd.DataFrame({
    "distance (pixels)": steps.groupby("id").moved.sum(),
    "mean speed (pixels/s)": steps.groupby("id").speed.mean(),
    "highest speed (pixels/s)": steps.groupby("id").speed.max(),
}).reindex(ids).round(1)

fig, (top, bottom) = plt.subplots(2, 1, figsize=(9, 6), sharex=True)
for name in ids:
    animal = steps[steps["id"] == name]
    top.plot(animal.time, animal.speed.rolling(max(1, round(facts["fps"] / facts["step"])), min_periods=1).mean(), color=colours[name], linewidth=0.8, label=f"animal {name}")
    bottom.plot(animal.time, animal.moved.fillna(0).cumsum(), color=colours[name])
top.set(ylabel="speed (pixels/s), mean of 1 s", title="Speed and distance travelled")
bottom.set(xlabel="time (s)", ylabel="distance (pixels)")
if ids:
    top.legend(fontsize="small")
plt.show()
summary`;

const ZONES = `# Change these rectangles (x1, y1, x2, y2 in pixels) to your own zones; they may overlap.
width, height = facts["width"], facts["height"]
zones = {"centre": (width / 4, height / 4, 3 * width / 4, 3 * height / 4)}

inside = pd.DataFrame({name: tracks.x.between(x1, x2) & tracks.y.between(y1, y2) for name, (x1, y1, x2, y2) in zones.items()}, index=tracks.index)
inside["elsewhere"] = ~inside.any(axis=1)
frame_seconds = facts["step"] / facts["fps"]
in_zones = (inside.groupby(tracks["id"]).sum() * frame_seconds).reindex(ids).astype(float)

fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4))
for name in ids:
    animal = tracks[tracks["id"] == name]
    left.plot(animal.x, animal.y, ".", markersize=1, color=colours[name])
for name, (x1, y1, x2, y2) in zones.items():
    left.add_patch(plt.Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, linestyle="--"))
    left.annotate(name, (x1, y1), xytext=(3, -10), textcoords="offset points")
left.set(xlim=(0, width), ylim=(height, 0), aspect="equal", title="Zones")
if ids:
    in_zones.plot.bar(ax=right, stacked=True, rot=0)
right.set(xlabel="animal", ylabel="time (s)", title="Time in zones")
plt.show()
in_zones.add_suffix(" (s)").round(2)`;

const APART = `x = tracks.pivot(index="frame", columns="id", values="x")
y = tracks.pivot(index="frame", columns="id", values="y")
time = tracks.groupby("frame").time.first()
pairs = [(a, b) for i, a in enumerate(ids) for b in ids[i + 1:]]
if pairs:
    fig, ax = plt.subplots(figsize=(9, 4))
    for a, b in pairs[:45]:
        ax.plot(time, np.hypot(x[a] - x[b], y[a] - y[b]), linewidth=0.8, label=f"{a} and {b}")
    ax.set(xlabel="time (s)", ylabel="distance (pixels)", title="Distance between animals")
    ax.legend(fontsize="small", ncol=3)
    plt.show()
else:
    print("Fewer than two animals: there is no distance between them.")`;

const MISSING = `frames = np.arange(0, facts["last_frame"] + 1, facts["step"])
there = np.array([np.isin(frames, tracks[tracks["id"] == name].frame) for name in ids], dtype=float).reshape(len(ids), len(frames))
fig, ax = plt.subplots(figsize=(9, 1 + 0.4 * max(1, len(ids))))
if there.size:
    ax.imshow(there, aspect="auto", interpolation="nearest", cmap="Greys", vmin=0, vmax=1, extent=(0, (facts["last_frame"] + 1) / facts["fps"], len(ids) - 0.5, -0.5))
ax.set(yticks=range(len(ids)), yticklabels=[f"animal {name}" for name in ids], xlabel="time (s)", title="Where each animal was found (dark) and was not (white)")
plt.show()
pd.DataFrame({"frames": there.sum(axis=1).astype(int), "missing": len(frames) - there.sum(axis=1).astype(int), "found": there.mean(axis=1).round(4) if there.size else 0.0}, index=pd.Index(ids, name="id"))`;

export function makeNotebook(facts: NotebookFacts): Notebook {
  const text = (id: string, source: string) => ({ cell_type: "markdown" as const, id, metadata: {}, source });
  const code = (id: string, source: string) => ({ cell_type: "code" as const, id, metadata: {}, source, execution_count: null, outputs: [] });
  return {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec: { display_name: "Python 3", language: "python", name: "python3" }, language_info: { name: "python" } },
    cells: [
      text("title", `# Task ${facts.task_id}\n\nFigures of \`tracks.csv\`, which must lie beside this notebook. It needs pandas and matplotlib. Places are box centres in pixels of the video, times are seconds.`),
      code("load", load(facts)),
      text("trajectories-title", "## Trajectories"),
      code("trajectories", TRAJECTORIES),
      text("occupancy-title", "## Occupancy\n\nHow long animals were in each part of the picture."),
      code("occupancy", OCCUPANCY),
      text("speed-title", "## Speed and distance travelled"),
      code("speed", SPEED),
      text("zones-title", "## Time in zones\n\nOut of the box: the middle half of the picture each way, and the rest."),
      code("zones", ZONES),
      text("apart-title", "## Distance between animals"),
      code("apart", APART),
      text("missing-title", "## Missing data"),
      code("missing", MISSING),
    ],
  };
}
