/**
 * Linear assignment (the Hungarian method with potentials, O(rows^2 * columns)): which row goes with which column so that the sum of costs is least.
 * A pair that costs `limit` or more is never made: both stay alone, which is what `limit` prices.
 * Gives for each row its column, or -1. Costs may be Infinity where a limit is set.
 */
export function assign(cost: number[][], limit = Infinity): number[] {
  const rows = cost.length;
  const columns = cost[0]?.length ?? 0;
  if (rows === 0 || columns === 0) return cost.map(() => -1);
  if (rows > columns) {
    const flipped = assign(Array.from({ length: columns }, (_, c) => cost.map((row) => row[c]!)), limit);
    const result = cost.map(() => -1);
    for (const [c, r] of flipped.entries()) if (r >= 0) result[r] = c;
    return result;
  }
  const capped = (r: number, c: number) => Math.min(cost[r]![c]!, limit);
  // Index 0 of the columns is a helper: the row being placed. See e-maxx, "Assignment problem".
  const rowPrice = new Float64Array(rows + 1);
  const columnPrice = new Float64Array(columns + 1);
  const rowOf = new Int32Array(columns + 1);
  const cameFrom = new Int32Array(columns + 1);
  for (let row = 1; row <= rows; row += 1) {
    rowOf[0] = row;
    let column = 0;
    const least = new Float64Array(columns + 1).fill(Infinity);
    const done = new Uint8Array(columns + 1);
    do {
      done[column] = 1;
      const at = rowOf[column]!;
      let step = Infinity;
      let next = 0;
      for (let c = 1; c <= columns; c += 1) {
        if (done[c] === 1) continue;
        const reduced = capped(at - 1, c - 1) - rowPrice[at]! - columnPrice[c]!;
        if (reduced < least[c]!) {
          least[c] = reduced;
          cameFrom[c] = column;
        }
        if (least[c]! < step) {
          step = least[c]!;
          next = c;
        }
      }
      for (let c = 0; c <= columns; c += 1) {
        if (done[c] === 1) {
          rowPrice[rowOf[c]!]! += step;
          columnPrice[c]! -= step;
        } else {
          least[c]! -= step;
        }
      }
      column = next;
    } while (rowOf[column] !== 0);
    while (column !== 0) {
      rowOf[column] = rowOf[cameFrom[column]!]!;
      column = cameFrom[column]!;
    }
  }
  const result = cost.map(() => -1);
  for (let c = 1; c <= columns; c += 1) {
    const row = rowOf[c]! - 1;
    if (row >= 0 && cost[row]![c - 1]! < limit) result[row] = c - 1;
  }
  return result;
}
