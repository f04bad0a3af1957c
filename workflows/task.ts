import { CancellationScope, log, setCurrentDetails, upsertSearchAttributes } from "@temporalio/workflow";
import { detailsOf } from "../domain/details.ts";
import type { EventData, EventName, TaskEvent } from "../domain/events.ts";
import { isBusy, type StepState, type StepStatus, type TaskState, type TaskStatus } from "../domain/state.ts";
import { STEPS, type StepName } from "../domain/task.ts";
import type { PipelineInput, RunInput } from "./messages.ts";
import { run } from "./policy.ts";
import { searchAttributes } from "./search-attributes.ts";

/** Refused claims and reminders may come for months; older lines than these make room. */
const TIMELINE_LIMIT = 1000;

const now = (): string => new Date().toISOString();

/** A task's state, and the few ways in which it changes: everything that `state` answers is written here. */
export type Task = ReturnType<typeof createTask>;

export function createTask(input: PipelineInput | RunInput) {
  const opens = "opens" in input ? input.opens : undefined;
  const names: readonly StepName[] = "run" in input ? [input.run.kind] : STEPS;
  const state: TaskState = {
    task_id: input.taskId,
    status: "running",
    user_id: input.settings.user_id,
    project: input.settings.project,
    round: opens?.round ?? 1,
    created_at: input.createdAt,
    ended_at: null,
    waiting_for: null,
    steps: names.map((name): StepState => ({ name, status: "pending", started_at: null, ended_at: null, progress: null, reason: null, what_to_do: null, result: null })),
    settings: input.settings,
    timeline: [],
    ...("run" in input ? { run: input.run } : {}),
  };
  let lines = 0;
  /** Plans in whose frames the model found nothing, of which a person has been told. */
  const knownEmpty = new Set<string>();
  const stepOf = (name: StepName): StepState => state.steps[names.indexOf(name)]!;
  /** For the log: the task, its step, and how long that has taken. */
  const whereWeAre = (step = state.steps.find(isBusy)) => ({
    task_id: state.task_id,
    ...(step === undefined ? {} : { step: step.name, seconds: step.started_at === null ? 0 : (Date.parse(step.ended_at ?? now()) - Date.parse(step.started_at)) / 1000 }),
  });

  /** Search attributes and the page of the Web UI, at every change of a step. */
  function publish(step: StepName): void {
    upsertSearchAttributes([
      { key: searchAttributes.step, value: step },
      { key: searchAttributes.state, value: state.status },
      { key: searchAttributes.round, value: state.round },
    ]);
    setCurrentDetails(detailsOf(state));
  }

  return {
    state,
    opens,
    input: { taskId: input.taskId, get round(): number { return state.round; } },

    emit<N extends EventName>(event: N, data: EventData[N]): void {
      state.timeline.push({ event, at: now(), seq: lines++, data: { task_id: state.task_id, ...data } } as unknown as TaskEvent);
      if (state.timeline.length > TIMELINE_LIMIT) state.timeline.splice(1, 1);
      if (event !== "step.parked") log.info(event, { ...whereWeAre(), ...data });
    },

    /** A step begins anew: what it said before is gone, as is what followed it. */
    begin(name: StepName): void {
      for (const step of state.steps.slice(names.indexOf(name))) Object.assign(step, { status: "pending", started_at: null, ended_at: null, progress: null, reason: null, what_to_do: null, result: null });
      Object.assign(stepOf(name), { status: "running", started_at: now() });
      Object.assign(state, { status: "running", waiting_for: null });
      publish(name);
    },

    /** What an earlier round did counts for this one. */
    carry(name: StepName, result: Record<string, unknown>): void {
      if (stepOf(name).status === "pending") Object.assign(stepOf(name), { status: "completed", result });
    },

    /** Whether `step` is there and not behind `at`. */
    hasReached: (step: StepName, at: StepName): boolean => names.includes(step) && names.indexOf(step) <= names.indexOf(at),

    /** The labels are approved, and what follows is under way or done. */
    isApproved: (): boolean => stepOf("labeling").status === "completed",

    progress(name: StepName, done: number, total: number, unit: string): void {
      stepOf(name).progress = { done, total, unit };
      setCurrentDetails(detailsOf(state));
    },

    /** Whether a person has been told that a plan's results are empty; from now on they have. */
    isKnownEmpty: (plan: string): boolean => knownEmpty.has(plan) || !knownEmpty.add(plan),

    /** The step waits for a person. */
    wait(name: StepName, waitingFor: string): void {
      stepOf(name).status = "waiting";
      Object.assign(state, { status: "waiting", waiting_for: waitingFor });
      log.info("step waits", { ...whereWeAre(), next: waitingFor });
      publish(name);
    },

    complete(name: StepName, status: StepStatus, result: Record<string, unknown>): void {
      Object.assign(stepOf(name), { status, ended_at: now(), result });
      log.info(`step ${status}`, { ...whereWeAre(stepOf(name)), next: names[names.indexOf(name) + 1] ?? "the end" });
      publish(name);
    },

    park(name: StepName, reason: string, whatToDo: string): void {
      Object.assign(stepOf(name), { status: "parked", ended_at: now(), reason, what_to_do: whatToDo });
      Object.assign(state, { status: "parked", waiting_for: `a retry of ${name}: ${whatToDo}` });
      this.emit("step.parked", { step: name, reason, what_to_do: whatToDo });
      log.warn("step.parked", { ...whereWeAre(), reason, next: `a person retries: ${whatToDo}` });
      publish(name);
    },

    async cancelled(): Promise<void> {
      const at = state.steps.find(isBusy);
      this.emit("task.cancelled", { step: at?.name ?? null, reason: "cancelled by a person" });
      await this.end("cancelled");
    },

    /** The task's end, whichever: its record goes to storage, also when the task was cancelled. */
    async end(status: Extract<TaskStatus, "completed" | "cancelled">): Promise<void> {
      const current = state.steps.find((s) => s.status !== "completed" && s.status !== "skipped" && s.status !== "pending");
      if (status === "cancelled" && current !== undefined) Object.assign(current, { status: "cancelled", ended_at: now() });
      Object.assign(state, { status, ended_at: now(), waiting_for: null });
      publish(current?.name ?? names.at(-1)!);
      await CancellationScope.nonCancellable(() => run.writeRecord({ state }));
    },
  };
}
