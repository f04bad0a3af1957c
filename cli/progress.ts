import cliProgress from "cli-progress";
import type { StepState, TaskState } from "../domain/state.ts";

/** Live progress of a task: one bar per step on a terminal, else a line whenever something has changed. */
export interface ProgressView {
  show(state: TaskState): void;
  /** A line for people, above the bars. */
  note(line: string): void;
  end(): void;
}

const figuresOf = (step: StepState): string => {
  const { message, figures } = step.progress ?? {};
  const shown = Object.entries(figures ?? {}).map(([name, value]) => `${name} ${Number.isInteger(value) ? value : value.toPrecision(3)}`);
  return [message, ...shown].filter((part) => part !== undefined && part !== "").slice(0, 5).join("  ");
};
export const secondsOf = (step: StepState): number => (step.started_at === null ? 0 : Math.round(((step.ended_at === null ? Date.now() : Date.parse(step.ended_at)) - Date.parse(step.started_at)) / 1000));
const fractionOf = (step: StepState): number => {
  if (step.status === "completed" || step.status === "skipped") return 1;
  const { done, total } = step.progress ?? { done: 0, total: null };
  return total === null || total === 0 ? 0 : Math.min(done / total, 1);
};

const percentOf = (step: StepState): string => String(Math.floor(fractionOf(step) * 100)).padStart(3);

/** A step on one line: name, status, how far, how long, figures. */
export const stepLine = (step: StepState): string =>
  `  ${step.name.padEnd(12)} ${step.status.padEnd(9)} ${percentOf(step)}%  ${String(secondsOf(step)).padStart(4)} s  ${step.status === "running" ? figuresOf(step) : ""}`.trimEnd();

function createBars(): ProgressView {
  // forceRedraw: a note moves the bars down, those too that have not changed.
  const bars = new cliProgress.MultiBar({ forceRedraw: true, format: "  {step} [{bar}] {percent}%  {seconds} s  {status}  {figures}", hideCursor: true, clearOnComplete: false, barsize: 24 }, cliProgress.Presets.shades_classic);
  const bySteps = new Map<string, cliProgress.SingleBar>();
  return {
    show(state) {
      for (const step of state.steps) {
        const payload = { step: step.name.padEnd(12), percent: percentOf(step), seconds: String(secondsOf(step)).padStart(4), status: step.status.padEnd(9), figures: step.status === "running" ? figuresOf(step) : "" };
        const bar = bySteps.get(step.name) ?? bars.create(1000, 0, payload);
        bySteps.set(step.name, bar);
        bar.update(Math.round(fractionOf(step) * 1000), payload);
      }
    },
    note: (line) => bars.log(`${line}\n`),
    // Ctrl-C has stopped them already.
    end: () => (bars.isActive ? bars.stop() : undefined),
  };
}

function createLines(say: (line: string) => void): ProgressView {
  const last = new Map<string, string>();
  return {
    show(state) {
      for (const step of state.steps) {
        if (step.status === "pending") continue;
        // One line per tenth of the way, not per frame.
        const key = `${step.status} ${Math.floor(fractionOf(step) * 10)}`;
        if (last.get(step.name) === key) continue;
        last.set(step.name, key);
        say(stepLine(step));
      }
    },
    note: say,
    end: () => {},
  };
}

export const createProgressView = (options: { terminal: boolean; say: (line: string) => void }): ProgressView => (options.terminal ? createBars() : createLines(options.say));
