/** results.csv of a training, as far as it is: the learning curve. */

/** One epoch: figures by name, such as box_loss, val_box_loss, box_map50_95, lr. `epoch` is numbered from 0; `time`: seconds since training began. */
export type CurveRow = { epoch: number } & Record<string, number>;

const MAP: Record<string, string> = {
  "metrics/precision(B)": "box_precision",
  "metrics/recall(B)": "box_recall",
  "metrics/mAP50(B)": "box_map50",
  "metrics/mAP50-95(B)": "box_map50_95",
  "metrics/mAP50(P)": "pose_map50",
  "metrics/mAP50-95(P)": "pose_map50_95",
  "lr/pg0": "lr",
  time: "time",
};

function nameOf(column: string): string | null {
  const loss = /^(train|val)\/(\w+_loss)$/.exec(column);
  if (loss !== null) return loss[1] === "train" ? (loss[2] ?? null) : `val_${loss[2]}`;
  return MAP[column] ?? null;
}

/** Rows that are whole; figures that are no numbers are left out. */
export function curveOf(csv: string): CurveRow[] {
  const [header = [], ...lines] = csv.split("\n").map((line) => line.split(",").map((cell) => cell.trim()));
  const columns = header.map(nameOf);
  const at = header.indexOf("epoch");
  return lines.flatMap((cells) => {
    const epoch = Number(cells[at]);
    if (cells.length !== columns.length || !Number.isInteger(epoch)) return [];
    const figures = columns.flatMap((name, i) => (name === null || cells[i] === "" || !Number.isFinite(Number(cells[i])) ? [] : [[name, Number(cells[i])] as const]));
    // Ultralytics counts from 1.
    return [{ ...Object.fromEntries(figures), epoch: epoch - 1 }];
  });
}

/** What was reached so far: the accuracies of a row. */
export const metricsOf = (row: CurveRow | undefined): Record<string, number> => Object.fromEntries(Object.entries(row ?? {}).filter(([name]) => /^(box|pose)_(precision|recall|map)/.test(name)));
