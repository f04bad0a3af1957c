import type { CvatStore, IssueRow, JobRow, LabelRow, ProjectRow, RequestRow, TaskRow, WebhookRow } from "./cvat-server-store.test-tools.ts";
import { isAccepted, type CvatUser } from "./wire.ts";

/** How CVAT writes things down: every field of its read serializers. */
export function createViews(store: CvatStore, base: () => string) {
  const user = (who: CvatUser | null) => (who === null ? null : { url: `${base()}/api/users/${who.id}`, id: who.id, username: who.username, first_name: "", last_name: "" });
  const storage = { id: 1, location: "local", cloud_storage_id: null };

  const views = {
    user,
    label: (label: LabelRow, owner: { project_id: number } | { task_id: number }): Record<string, unknown> => ({
      id: label.id,
      name: label.name,
      color: label.color,
      attributes: label.attributes,
      type: label.type,
      ...(label.type === "skeleton" ? { svg: label.svg } : {}),
      sublabels: label.sublabels.map(({ id, name, color, attributes, type }) => ({ id, name, color, attributes, type, has_parent: true })),
      ...owner,
      parent_id: null,
      has_parent: false,
    }),
    project: (project: ProjectRow) => ({
      url: `${base()}/api/projects/${project.id}`,
      id: project.id,
      name: project.name,
      owner: user(project.owner),
      assignee: null,
      guide_id: null,
      bug_tracker: "",
      task_subsets: [],
      created_date: project.created_date,
      updated_date: project.updated_date,
      status: "annotation",
      dimension: "2d",
      organization: null,
      organization_id: null,
      target_storage: storage,
      source_storage: storage,
      tasks: { count: [...store.tasks.values()].filter((task) => task.project_id === project.id).length, url: `${base()}/api/tasks?project_id=${project.id}` },
      labels: { url: `${base()}/api/labels?project_id=${project.id}` },
      assignee_updated_date: null,
    }),
    task(task: TaskRow) {
      const jobs = store.jobsOf(task.id);
      const size = task.data?.frames.length ?? 0;
      return {
        url: `${base()}/api/tasks/${task.id}`,
        id: task.id,
        name: task.name,
        project_id: task.project_id,
        mode: size > 0 ? "annotation" : "",
        owner: user(task.owner),
        assignee: user(task.assignee),
        bug_tracker: "",
        created_date: task.created_date,
        updated_date: task.updated_date,
        overlap: task.overlap,
        segment_size: task.segment_size,
        status: jobs.length > 0 && jobs.every(isAccepted) ? "completed" : "annotation",
        ...(task.data === null ? {} : { data_chunk_size: 72, data_compressed_chunk_type: "imageset", data_original_chunk_type: "imageset", image_quality: task.data.image_quality, data: task.id }),
        size,
        guide_id: null,
        dimension: "2d",
        subset: "",
        organization: null,
        organization_id: null,
        target_storage: storage,
        source_storage: storage,
        jobs: { count: jobs.length, completed: jobs.filter(isAccepted).length, validation: jobs.filter(({ stage }) => stage === "validation").length, url: `${base()}/api/jobs?task_id=${task.id}` },
        labels: { url: `${base()}/api/labels?task_id=${task.id}` },
        assignee_updated_date: null,
        validation_mode: null,
      };
    },
    meta: ({ data }: TaskRow) => ({
      chunks_updated_date: "2026-01-01T00:00:00.000000Z",
      chunk_size: 72,
      size: data?.frames.length ?? 0,
      image_quality: data?.image_quality ?? 70,
      start_frame: 0,
      stop_frame: Math.max(0, (data?.frames.length ?? 0) - 1),
      frame_filter: "",
      frames: (data?.frames ?? []).map((frame) => ({ ...frame, related_files: 0, has_related_context: false })),
      deleted_frames: data?.deleted_frames ?? [],
      included_frames: null,
      storage: "local",
      cloud_storage_id: null,
    }),
    job(job: JobRow) {
      const task = store.tasks.get(job.task_id)!;
      const project = task.project_id === null ? null : (store.projects.get(task.project_id) ?? null);
      const issues = [...store.issues.values()].filter((issue) => issue.job === job.id).length;
      return {
        url: `${base()}/api/jobs/${job.id}`,
        id: job.id,
        task_id: job.task_id,
        task_name: task.name,
        project_id: task.project_id,
        project_name: project?.name ?? null,
        assignee: user(job.assignee),
        guide_id: null,
        dimension: "2d",
        bug_tracker: null,
        status: job.stage === "annotation" ? "annotation" : isAccepted(job) ? "completed" : "validation",
        stage: job.stage,
        state: job.state,
        mode: "annotation",
        frame_count: job.stop_frame - job.start_frame + 1,
        start_frame: job.start_frame,
        stop_frame: job.stop_frame,
        data_chunk_size: 72,
        data_compressed_chunk_type: "imageset",
        data_original_chunk_type: "imageset",
        created_date: job.created_date,
        updated_date: job.updated_date,
        issues: { count: issues, url: `${base()}/api/issues?job_id=${job.id}` },
        labels: { url: `${base()}/api/labels?job_id=${job.id}` },
        type: job.type,
        organization: null,
        target_storage: storage,
        source_storage: storage,
        assignee_updated_date: null,
        parent_job_id: null,
        replicas_count: 0,
      };
    },
    issue: (issue: IssueRow) => ({
      id: issue.id,
      frame: issue.frame,
      position: issue.position,
      job: issue.job,
      owner: user(issue.owner),
      assignee: null,
      created_date: issue.created_date,
      updated_date: issue.created_date,
      resolved: issue.resolved,
      comments: { count: issue.comments.length, url: `${base()}/api/comments?issue_id=${issue.id}` },
    }),
    comment: (comment: IssueRow["comments"][number], issue: number) => ({ id: comment.id, issue, owner: user(comment.owner), message: comment.message, created_date: comment.created_date, updated_date: comment.created_date }),
    /** The secret is never read back. */
    webhook: ({ secret: _secret, ...hook }: WebhookRow) => ({ ...hook, url: `${base()}/api/webhooks/${hook.id}`, content_type: "application/json", owner: user(hook.owner), organization: null }),
    request: ({ polls: _polls, finish: _finish, ...request }: RequestRow) => ({ ...request, progress: request.status === "finished" ? 1 : 0, owner: { id: request.owner.id, username: request.owner.username }, started_date: request.created_date, finished_date: request.status === "finished" ? store.now() : null, expiry_date: null, result_id: null }),
  };
  return views;
}
export type Views = ReturnType<typeof createViews>;
