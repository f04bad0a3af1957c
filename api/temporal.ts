import { isGrpcServiceError, type Client, type WorkflowExecutionDescription, type WorkflowExecutionInfo } from "@temporalio/client";
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type SearchAttributePair, type SignalDefinition, type TypedSearchAttributes } from "@temporalio/common";
import { decodeArrayFromPayloads } from "@temporalio/common/lib/internal-non-workflow/codec-helpers.js";
import { ACTIVITIES, PIPELINE_QUEUE, type ActivityName } from "../domain/activities.ts";
import { staticDetailsOf, summaryOf } from "../domain/details.ts";
import { runWorkflowIdOf, taskIdOf, workflowIdOf } from "../domain/ids.ts";
import { RUN_KINDS, type RunKind } from "../domain/runs.ts";
import type { Progress, TaskState, TaskStatus } from "../domain/state.ts";
import { STEPS, type StepName } from "../domain/task.ts";
import { stateQuery, type PipelineInput, type RunInput } from "../workflows/messages.ts";
import { searchAttributes } from "../workflows/search-attributes.ts";

/** What Temporal says of a task without a worker's help. Attributes lag behind by moments; activities are exact. */
export interface Description {
  taskId: string;
  /** Of a single step that runs on its own; null: a task's pipeline. */
  kind: RunKind | null;
  open: boolean;
  status: TaskStatus;
  owner: string;
  project: string;
  /** The step it is at; null before the workflow's first turn. */
  step: StepName | null;
  round: number;
  createdAt: string;
  endedAt: string | null;
  /** Of its history: as long as it is the same, so is the workflow's own state. */
  history: string;
  /** Activities that are scheduled or run now, with the last heartbeat of each. */
  activities: PendingActivity[];
}

export interface PendingActivity {
  step: StepName;
  progress: Progress | null;
}

/** The API's whole traffic with Temporal. Throws ServiceError (gRPC) where Temporal does not answer. */
export type TemporalGateway = ReturnType<typeof createTemporalGateway>;

const QUERY_MS = 2_000;
const CALL_MS = 10_000;
const PING_MS = 1_500;
/** So many tasks are looked through at most. */
const LIST_MAX = 1_000;
const GRPC_UNAVAILABLE = 14;

/** `kindOf`: which kind of single step an id is; null where it is a task's. `publicUrl`: where people reach the pages, for the links in Temporal's Web UI. */
export function createTemporalGateway({ client, kindOf, publicUrl = null }: { client: Client; kindOf: (id: string) => Promise<RunKind | null>; publicUrl?: string | null }) {
  const { workflow, connection } = client;
  const within = <T>(ms: number, work: () => Promise<T>): Promise<T> => connection.withDeadline(Date.now() + ms, work);
  /** Of those that Temporal knows: what an id is never changes. */
  const workflowIds = new Map<string, string>();
  const workflowIdFor = async (id: string): Promise<string> => {
    const known = workflowIds.get(id);
    if (known !== undefined) return known;
    const kind = await kindOf(id);
    return kind === null ? workflowIdOf(id) : runWorkflowIdOf(kind, id);
  };
  const remember = (workflowId: string): void => {
    workflowIds.set(taskIdOf(workflowId), workflowId);
    if (workflowIds.size > LIST_MAX) workflowIds.delete(workflowIds.keys().next().value!);
  };
  /** Of a pipeline or of a single step. */
  const handle = async (id: string) => workflow.getHandle(await workflowIdFor(id));
  /** false where the task is unknown or has ended. */
  const reaches = async (work: () => Promise<unknown>): Promise<boolean> => {
    try {
      await within(CALL_MS, work);
      return true;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      throw error;
    }
  };

  /** `again`: a workflow of this id may have ended before. */
  async function startOnce(type: string, input: PipelineInput | RunInput, { workflowId, again, summary, attributes }: { workflowId: string; again: boolean; summary: string; attributes: SearchAttributePair[] }): Promise<void> {
    try {
      await within(CALL_MS, () =>
        workflow.start(type, {
          workflowId,
          taskQueue: PIPELINE_QUEUE,
          args: [input],
          workflowIdReusePolicy: again ? "ALLOW_DUPLICATE" : "REJECT_DUPLICATE",
          workflowIdConflictPolicy: "USE_EXISTING",
          staticSummary: summary,
          staticDetails: staticDetailsOf({ settings: input.settings, round: "opens" in input ? (input.opens?.round ?? 1) : 1 }, publicUrl === null ? null : new URL(`/task/${input.taskId}`, publicUrl).href),
          typedSearchAttributes: [
            { key: searchAttributes.owner, value: input.settings.user_id },
            { key: searchAttributes.project, value: input.settings.project },
            { key: searchAttributes.state, value: "running" },
            ...attributes,
          ],
        }),
      );
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  }

  /** Each round of a task is a run of its own: the newest one counts, from the time when the first began. */
  async function listed(query: string): Promise<Description[]> {
    const tasks = new Map<string, Description>();
    await within(CALL_MS, async () => {
      for await (const info of workflow.list({ query, pageSize: 200 })) {
        const run = descriptionOf(info);
        const other = tasks.get(run.taskId);
        const [first, last] = other === undefined || other.createdAt < run.createdAt ? [other ?? run, run] : [run, other];
        tasks.set(run.taskId, { ...last, createdAt: first.createdAt });
        if (tasks.size >= LIST_MAX) break;
      }
    });
    return [...tasks.values()];
  }

  async function activitiesOf(description: WorkflowExecutionDescription): Promise<PendingActivity[]> {
    const pending = description.raw.pendingActivities ?? [];
    const found = await Promise.all(
      pending.map(async (activity) => {
        const known = ACTIVITIES[activity.activityType?.name as ActivityName] as { step: StepName } | undefined;
        if (known === undefined) return [];
        const [progress] = await decodeArrayFromPayloads(workflow.options.loadedDataConverter, activity.heartbeatDetails?.payloads ?? []);
        return [{ step: known.step, progress: (progress as Progress | null | undefined) ?? null }];
      }),
    );
    return found.flat();
  }

  return {
    async reachable(): Promise<boolean> {
      return await within(PING_MS, () => connection.workflowService.getSystemInfo({})).then(() => true, () => false);
    },

    /** Starts the task, or a later round of it, or finds that it was started: the same request twice is one run. */
    start: (input: PipelineInput): Promise<void> =>
      startOnce("pipeline", input, {
        workflowId: workflowIdOf(input.taskId),
        again: input.opens !== undefined,
        summary: summaryOf(input.settings),
        attributes: [
          { key: searchAttributes.taskId, value: input.taskId },
          { key: searchAttributes.round, value: input.opens?.round ?? 1 },
        ],
      }),

    /** Starts a single step on its own, or finds that it was started. */
    startRun: (input: RunInput): Promise<void> =>
      startOnce("singleStep", input, {
        workflowId: runWorkflowIdOf(input.run.kind, input.taskId),
        again: false,
        summary: `${input.run.kind}: ${input.run.task_id ?? input.taskId}`,
        attributes: [
          { key: searchAttributes.taskId, value: input.run.task_id ?? input.taskId },
          { key: searchAttributes.step, value: input.run.kind },
          { key: searchAttributes.round, value: 1 },
        ],
      }),

    signal: <A>(taskId: string, signal: SignalDefinition<[A]>, argument: A): Promise<boolean> => reaches(async () => (await handle(taskId)).signal(signal, argument)),
    cancel: (taskId: string): Promise<boolean> => reaches(async () => (await handle(taskId)).cancel()),

    /** The workflow's own answer; null where no worker gives one in time, or the task is unknown. */
    async state(taskId: string): Promise<TaskState | null> {
      try {
        const known = await handle(taskId);
        return await within(QUERY_MS, () => known.query(stateQuery));
      } catch (error) {
        const cause = error instanceof Error && isGrpcServiceError(error.cause) ? error.cause : error;
        if (isGrpcServiceError(cause) && (cause.code as number) === GRPC_UNAVAILABLE) throw error;
        return null;
      }
    },

    /** null where Temporal does not know the task (any more). */
    async describe(taskId: string): Promise<Description | null> {
      try {
        const known = await handle(taskId);
        const description = await within(CALL_MS, () => known.describe());
        remember(known.workflowId);
        return { ...descriptionOf(description), activities: await activitiesOf(description) };
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return null;
        throw error;
      }
    },

    /** What the task was started with: the first event of its history. A retry may have changed settings since. */
    async input(taskId: string): Promise<PipelineInput | RunInput> {
      const execution = { workflowId: await workflowIdFor(taskId) };
      const page = await within(CALL_MS, () => connection.workflowService.getWorkflowExecutionHistory({ namespace: workflow.options.namespace, execution, maximumPageSize: 1 }));
      const payloads = page.history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads;
      const [input] = await decodeArrayFromPayloads(workflow.options.loadedDataConverter, payloads ?? []);
      return input as PipelineInput | RunInput;
    },

    /** The newest single step of a kind that was asked for a task; null where there is none. One that was started moments ago may be missing. */
    async newestRun({ taskId, kind }: { taskId: string; kind: RunKind }): Promise<string | null> {
      const query = `WorkflowType = "singleStep" AND ActverseTaskId = "${taskId}" AND ActverseStep = "${kind}"`;
      return await within(CALL_MS, async () => {
        const found: string[] = [];
        for await (const { workflowId } of workflow.list({ query, pageSize: 200 })) if (found.push(taskIdOf(workflowId)) >= LIST_MAX) break;
        return found.toSorted().at(-1) ?? null;
      });
    },

    /** These tasks and runs, as far as Temporal knows them. One that was started moments ago may be missing. */
    async list(of: { id: string; kind: RunKind | null }[]): Promise<Description[]> {
      const names = of.map(({ id, kind }) => `"${kind === null ? workflowIdOf(id) : runWorkflowIdOf(kind, id)}"`);
      return await listed(`WorkflowId IN (${names.join(", ")})`);
    },

    /** Tasks whose pre-labels are yet to be made, and all runs: those at work that may read what another task has made. */
    readers: (): Promise<Description[]> => listed('ExecutionStatus = "Running" AND (WorkflowType = "singleStep" OR (WorkflowType = "pipeline" AND (ActverseStep IS NULL OR ActverseStep IN ("download", "frames", "preinference"))))'),

    /** All tasks and runs that Temporal knows, so many as are looked through. */
    known: (): Promise<Description[]> => listed('WorkflowType IN ("pipeline", "singleStep")'),
  };
}

const runKindIn = (workflowId: string): RunKind | null => RUN_KINDS.find((kind) => workflowId.startsWith(runWorkflowIdOf(kind, ""))) ?? null;

function descriptionOf(info: Pick<WorkflowExecutionInfo, "workflowId" | "runId" | "historyLength" | "status" | "startTime" | "closeTime"> & { typedSearchAttributes: TypedSearchAttributes }): Description {
  const attributes = info.typedSearchAttributes;
  const open = info.status.name === "RUNNING" || info.status.name === "PAUSED";
  const ended: TaskStatus = info.status.name === "COMPLETED" ? "completed" : info.status.name === "CANCELLED" ? "cancelled" : "failed";
  return {
    taskId: taskIdOf(info.workflowId),
    kind: runKindIn(info.workflowId),
    open,
    status: open ? ((attributes.get(searchAttributes.state) as TaskStatus | undefined) ?? "running") : ended,
    owner: attributes.get(searchAttributes.owner) ?? "",
    project: attributes.get(searchAttributes.project) ?? "",
    step: STEPS.find((step) => step === attributes.get(searchAttributes.step)) ?? null,
    round: attributes.get(searchAttributes.round) ?? 1,
    createdAt: info.startTime.toISOString(),
    endedAt: info.closeTime?.toISOString() ?? null,
    history: `${info.runId}/${info.historyLength}`,
    activities: [],
  };
}
