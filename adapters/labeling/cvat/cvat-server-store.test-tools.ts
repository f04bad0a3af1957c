import type { CvatUser, FrameMeta, JobStage, JobState, LabeledData } from "./wire.ts";

export interface LabelRow {
  id: number;
  name: string;
  color: string;
  type: string;
  attributes: { id: number; name: string; mutable: boolean; input_type: string; default_value: string; values: string[] }[];
  sublabels: LabelRow[];
  svg: string;
}

export interface ProjectRow {
  id: number;
  name: string;
  owner: CvatUser;
  labels: LabelRow[];
  created_date: string;
  updated_date: string;
}

export interface TaskRow {
  id: number;
  name: string;
  project_id: number | null;
  owner: CvatUser;
  assignee: CvatUser | null;
  labels: LabelRow[];
  segment_size: number;
  overlap: number;
  created_date: string;
  updated_date: string;
  /** Since the first part of an upload; frames are there when it is finished. */
  data: { files: Map<string, Buffer>; image_quality: number; frames: FrameMeta[]; deleted_frames: number[] } | null;
}

export interface JobRow {
  id: number;
  task_id: number;
  type: "annotation" | "ground_truth";
  stage: JobStage;
  state: JobState;
  assignee: CvatUser | null;
  start_frame: number;
  stop_frame: number;
  created_date: string;
  updated_date: string;
  data: LabeledData;
}

export interface IssueRow {
  id: number;
  frame: number;
  job: number;
  position: number[];
  owner: CvatUser;
  resolved: boolean;
  created_date: string;
  comments: { id: number; message: string; owner: CvatUser; created_date: string }[];
}

export interface WebhookRow {
  id: number;
  target_url: string;
  description: string;
  type: string;
  project_id: number;
  secret: string;
  is_active: boolean;
  enable_ssl: boolean;
  events: string[];
  owner: CvatUser;
  created_date: string;
  updated_date: string;
}

export interface RequestRow {
  id: string;
  status: "queued" | "started" | "failed" | "finished";
  message: string;
  operation: { type: string; target: string; task_id: number; project_id: number | null; job_id: null; org_id: null; format: string | null };
  created_date: string;
  owner: CvatUser;
  result_url: string | null;
  /** How often it is still asked for before it is done. */
  polls: number;
  finish: () => Promise<void>;
}

/** Everything that a CVAT knows, in memory. */
export function createCvatStore() {
  let lastId = 0;
  let lastTime = 0;
  return {
    users: [
      { id: 1, username: "actverse" },
      { id: 2, username: "ann" },
      { id: 3, username: "bob" },
    ] as CvatUser[],
    projects: new Map<number, ProjectRow>(),
    tasks: new Map<number, TaskRow>(),
    jobs: new Map<number, JobRow>(),
    issues: new Map<number, IssueRow>(),
    webhooks: new Map<number, WebhookRow>(),
    requests: new Map<string, RequestRow>(),
    exports: new Map<string, Buffer>(),
    nextId: (): number => ++lastId,
    /** Microseconds, as Django writes them; each later than the last. */
    now(): string {
      lastTime = Math.max(lastTime + 1, Date.now() * 1000);
      return new Date(Math.floor(lastTime / 1000)).toISOString().replace("Z", `${String(lastTime % 1000).padStart(3, "0")}Z`);
    },
    labelsOf(task: TaskRow): LabelRow[] {
      return task.project_id === null ? task.labels : (this.projects.get(task.project_id)?.labels ?? []);
    },
    /** False where there is none. */
    deleteTask(id: number): boolean {
      for (const job of this.jobsOf(id)) this.jobs.delete(job.id);
      for (const one of this.requests.values()) if (one.operation.task_id === id) this.requests.delete(one.id);
      return this.tasks.delete(id);
    },
    jobsOf(taskId: number): JobRow[] {
      return [...this.jobs.values()].filter((job) => job.task_id === taskId);
    },
  };
}
export type CvatStore = ReturnType<typeof createCvatStore>;
