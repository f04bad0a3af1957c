import { useState } from "preact/hooks";
import type { TaskRow } from "../api.ts";
import { day, stepTitle } from "../format.ts";
import { t } from "../i18n/index.ts";
import { said } from "../i18n/said.ts";
import { useApp } from "../ui/context.ts";
import { usePolling, useTitle } from "../ui/hooks.ts";
import { Layout } from "../ui/layout.tsx";
import { Badge, ErrorNote } from "../ui/parts.tsx";
import { SubmitForm } from "./submit-form.tsx";

/** Everybody's start: what runs, what waits for you, and a form for the next video. */
export function HomePage() {
  const { api } = useApp();
  const [tasks, setTasks] = useState<TaskRow[] | null>(null);
  const [error, setError] = useState<unknown>(null);
  useTitle("");
  usePolling(
    async () => {
      try {
        setTasks((await api.tasks()).tasks);
        setError(null);
      } catch (problem) {
        setError(problem);
      }
    },
    3000,
    true,
  );
  return (
    <Layout>
      <div class="home">
        <section aria-labelledby="tasks">
          <h1 id="tasks">{t("pages.home.title")}</h1>
          <ErrorNote error={error} />
          <TaskList tasks={tasks} />
        </section>
        <SubmitForm />
      </div>
    </Layout>
  );
}

function TaskList(props: { tasks: TaskRow[] | null }) {
  if (props.tasks === null) return <p class="muted">{t("loading")}</p>;
  if (props.tasks.length === 0)
    return (
      <div class="card empty">
        <p>
          <strong>{t("pages.home.none")}</strong>
        </p>
        <p class="muted">{t("pages.home.noneText")}</p>
      </div>
    );
  return (
    <ul class="task-list">
      {props.tasks.map((task) => (
        <li key={task.task_id} class="card task-row">
          <div class="task-row-main">
            <a class="task-name" href={`/task/${task.task_id}`}>
              {task.project} <code>{task.task_id}</code>
            </a>
            <p class="muted">
              {task.waiting_for !== null ? t("pages.waitingFor", { what: said(task.waiting_for) }) : task.step === null || task.ended_at !== null ? "" : stepTitle(task.step)}
              {task.waiting_for !== null || (task.step !== null && task.ended_at === null) ? " · " : ""}
              {task.user_id} · {day(task.created_at)}
            </p>
          </div>
          {task.status === "waiting" && (task.step === null || task.step === "labeling") ? (
            <a class="button primary" href={`/label/${task.task_id}`}>
              {t("pages.labelNow")}
            </a>
          ) : null}
          <Badge status={task.status} />
        </li>
      ))}
    </ul>
  );
}
