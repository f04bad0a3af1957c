/** Rows as aligned columns; the last column is not padded. */
export function table(head: string[], rows: (string | number | null)[][]): string {
  const cells = [head, ...rows.map((row) => row.map((cell) => String(cell ?? "")))];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) => row.map((cell, column) => (column === head.length - 1 ? cell : cell.padEnd(widths[column]!))).join("  ").trimEnd()).join("\n");
}

/** Date and time of day as people read it, in this machine's zone; empty where there is none. */
export const moment = (iso: string | null | undefined): string => (iso === null || iso === undefined ? "" : new Date(iso).toLocaleString("sv-SE").slice(0, 16));

const UNITS = ["B", "kB", "MB", "GB", "TB"];
/** Bytes in a unit that people read. */
export function size(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), UNITS.length - 1);
  return `${power === 0 ? bytes : (bytes / 1000 ** power).toFixed(1)} ${UNITS[power]}`;
}
