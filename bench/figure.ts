/** What `npm run bench -- --json` prints and bench/results.json keeps, one per name. */
export interface Figure {
  name: string;
  value: number;
  unit: string;
  /** What `value` should reach, in the same unit; null where it is only watched. */
  goal: number | null;
  better: "higher" | "lower";
  /** Least and greatest of what `value` is the middle of. */
  spread: [number, number];
  /** Runs this figure again. */
  command: string;
  note: string;
}

export interface BenchContext {
  /** Lives from run to run, for inputs that take long to make (the sample video). */
  cache: string;
  say: (line: string) => void;
}

/** Each bench/*.ts that exports `bench` is one. */
export interface Bench {
  /** Of the figures that `run` gives; `--only` takes any of them. */
  names: string[];
  /** Takes more than some minutes: only when it is asked for by name. */
  long?: boolean;
  run(context: BenchContext): Promise<Figure[]>;
}

export const commandOf = (name: string): string => `npm run bench -- --only ${name} --json`;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] ?? NaN) : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

export const spreadOf = (values: readonly number[]): [number, number] => [Math.min(...values), Math.max(...values)];

export const rounded = (value: number, digits = 2): number => Number(value.toFixed(digits));
