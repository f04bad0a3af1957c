import { useEffect, useRef, useState } from "preact/hooks";
import { withProgressOf } from "../../../../domain/live-progress.ts";
import { ApiError, type StatusAnswer, type TrainingAnswer } from "../api.ts";
import { between, day } from "../format.ts";
import { t } from "../i18n/index.ts";
import { said } from "../i18n/said.ts";
import { useApp } from "../ui/context.ts";
import { useNow, usePolling, useTitle } from "../ui/hooks.ts";
import { Layout } from "../ui/layout.tsx";
import { useLive } from "../ui/live.ts";
import { Badge, ErrorNote } from "../ui/parts.tsx";
import { NO_CURVES } from "./curve.tsx";
import { labelingUrl } from "./labeling-url.ts";
import { NewRound } from "./new-round.tsx";
import { Results } from "./results.tsx";
import { Steps } from "./steps.tsx";
import { Timeline } from "./timeline.tsx";
import { UseNext } from "./use-next.tsx";

/** After a question that failed. */
const AGAIN_MS = 2_000;

/** One task from its first step to its results, as it happens. */
export function TaskPage(props: { taskId: string }) {
  const { api } = useApp();
  const [task, setTask] = useState<StatusAnswer | null>(null);
  const [training, setTraining] = useState<TrainingAnswer | null>(null);
  const [error, setError] = useState<unknown>(null);
  const ended = task !== null && task.ended_at !== null;
  const deleted = task?.deleted_at !== undefined;
  const completed = task?.status === "completed" && task.run === undefined && !deleted;
  const now = useNow(!ended);
  useTitle(task === null ? "" : `${task.project} ${task.task_id}`);

  const asking = useRef({ now: false, again: false });
  const ask = async (): Promise<void> => {
    try {
      const found = await api.status(props.taskId);
      setTask(found);
      setError(null);
    } catch (problem) {
      setError(problem);
    }
  };
  /** A burst of events is one question, or two: what is told during the first may be newer than its answer. */
  const askOnce = async (): Promise<void> => {
    asking.current.again = true;
    if (asking.current.now) return;
    asking.current.now = true;
    while (asking.current.again) {
      asking.current.again = false;
      await ask();
    }
    asking.current.now = false;
  };
  useEffect(() => void askOnce(), [props.taskId]);
  const unknown = error instanceof ApiError && error.status === 404;
  // Of a task that had ended nobody tells: after its deletion, or a new round, one question that failed would have been the last.
  useEffect(() => {
    if (error === null || unknown) return undefined;
    const timer = setTimeout(() => void askOnce(), AGAIN_MS);
    return () => clearTimeout(timer);
  }, [error]);
  useLive({
    taskId: props.taskId,
    active: !ended && !unknown,
    onMissed: () => void askOnce(),
    onMessage(message) {
      if (message.event === "problem") return setError(new ApiError(message.data.status, message.data));
      const known = message.event === "progress" && task !== null ? withProgressOf(task, message.data) : null;
      if (known === null) void askOnce();
      else setTask(known);
    },
  });

  // The curves change once an epoch; after training they stay.
  const trainingStatus = task?.steps.find((step) => step.name === "training")?.status ?? "pending";
  const askTraining = async (): Promise<void> => {
    // What cannot be had just now is asked again; the status above says what is wrong.
    const found = await api.training(props.taskId).catch(() => null);
    if (found !== null) setTraining(found);
  };
  usePolling(askTraining, 2000, trainingStatus === "running");
  useEffect(() => {
    if (trainingStatus !== "pending") void askTraining();
  }, [trainingStatus]);

  return (
    <Layout>
      <nav class="crumbs" aria-label={t("pages.task.crumbs")}>
        <a href="/">{t("pages.home.title")}</a> <span aria-hidden="true">/</span> <span>{props.taskId}</span>
      </nav>
      <ErrorNote error={error} />
      {task === null ? null : (
        <>
          <div class="task-head">
            <div>
              <h1>
                {task.project} <code>{task.task_id}</code>
              </h1>
              <p class="muted">
                {task.user_id} · {day(task.created_at)} · {between(task.created_at, task.ended_at, now)} · <span class="file-path">{task.settings.file_path}</span>
              </p>
            </div>
            <Badge status={task.status} />
            {deleted ? null : ended ? (
              <SureButton text={t("pages.task.delete")} sure={t("pages.task.deleteSure")} onSure={() => api.remove(task.task_id).then(ask)} />
            ) : (
              <SureButton text={t("pages.task.cancel")} sure={t("pages.task.cancelSure")} onSure={() => api.cancel(task.task_id).then(ask)} />
            )}
          </div>
          <Callout task={task} />
          {completed ? <Results taskId={task.task_id} /> : null}
          {completed ? <UseNext task={task} /> : null}
          {ended && !deleted && task.run === undefined && [task, ...(task.rounds ?? [])].some(({ status }) => status === "completed") ? <NewRound task={task} onOpened={ask} /> : null}
          <div class="task-columns">
            <section class="card" aria-labelledby="steps">
              <h2 id="steps">{t("pages.task.steps")}</h2>
              <Steps task={task} curves={training === null ? NO_CURVES : { rows: training.curve, total: training.total }} reportUrl={training?.report_url ?? null} now={now} onRetried={ask} />
            </section>
            <section class="card" aria-labelledby="timeline">
              <h2 id="timeline">{t("pages.task.timeline")}</h2>
              <Timeline events={task.timeline} />
            </section>
          </div>
          {task.answered_by === "temporal" ? <p class="muted">{t("pages.task.noWorker")}</p> : null}
        </>
      )}
    </Layout>
  );
}

/** What is waited for, large; nothing while the task works by itself. */
function Callout(props: { task: StatusAnswer }) {
  const { task } = props;
  if (task.deleted_at !== undefined)
    return (
      <div class="callout">
        <strong>{t("pages.task.deleted", { when: day(task.deleted_at) })}</strong>
      </div>
    );
  const labeling = task.steps.find((step) => step.name === "labeling");
  if (labeling?.status === "waiting" && task.ended_at === null)
    return (
      <div class="callout">
        <div>
          <strong>{t("pages.waitingFor", { what: said(task.waiting_for ?? "labels and their approval") })}</strong>
          <p class="muted">{t("pages.task.calloutText")}</p>
        </div>
        <a class="button primary big" href={labelingUrl(task)}>
          {t("pages.labelNow")}
        </a>
      </div>
    );
  if (task.waiting_for === null || task.ended_at !== null || task.status === "parked") return null;
  return (
    <div class="callout">
      <strong>{t("pages.waitingFor", { what: said(task.waiting_for) })}</strong>
    </div>
  );
}

/** Does it once the person has said so again. */
function SureButton(props: { text: string; sure: string; onSure: () => Promise<void> }) {
  const [error, setError] = useState<unknown>(null);
  const act = async (): Promise<void> => {
    if (!confirm(props.sure)) return;
    setError(null);
    await props.onSure().catch(setError);
  };
  return (
    <>
      <button type="button" onClick={() => void act()}>
        {props.text}
      </button>
      <ErrorNote error={error} />
    </>
  );
}
