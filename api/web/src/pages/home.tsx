import { useRef, useState } from "preact/hooks";
import type { TaskQuery, TaskRow } from "../api.ts";
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
  const [page, setPage] = useState<{ tasks: TaskRow[]; next: string | null } | null>(null);
  const [filters, setFilters] = useState<TaskFilters>({});
  /** Where each page that led here begins, this one last; none: the first page. */
  const [cursors, setCursors] = useState<string[]>([]);
  const [error, setError] = useState<unknown>(null);
  const wanted = useRef({ filters, cursors });
  wanted.current = { filters, cursors };
  const go = (to: TaskFilters, from: string[]): void => {
    setPage(null);
    setFilters(to);
    setCursors(from);
  };
  useTitle("");
  usePolling(
    async () => {
      try {
        const asked = JSON.stringify([filters, cursors]);
        const cursor = cursors.at(-1);
        const answer = await api.tasks({ ...filters, ...(cursor === undefined ? {} : { cursor }) });
        // What was asked for before a filter changed comes too late.
        if (asked !== JSON.stringify([wanted.current.filters, wanted.current.cursors])) return;
        setPage(answer);
        setError(null);
      } catch (problem) {
        setError(problem);
      }
    },
    3000,
    true,
    JSON.stringify([filters, cursors]),
  );
  return (
    <Layout>
      <div class="home">
        <section aria-labelledby="tasks">
          <h1 id="tasks">{t("pages.home.title")}</h1>
          <ErrorNote error={error} />
          <Filters filters={filters} onChange={(changed) => go(changed, [])} />
          <TaskList page={page} isAll={Object.keys(filters).length === 0 && cursors.length === 0} />
          {cursors.length > 0 || (page !== null && page.next !== null) ? (
            <nav class="pages" aria-label={t("pages.home.title")}>
              <button type="button" class="button" disabled={cursors.length === 0} onClick={() => go(filters, cursors.slice(0, -1))}>
                {t("pages.home.newer")}
              </button>
              <button type="button" class="button" disabled={page === null || page.next === null} onClick={() => page !== null && page.next !== null && go(filters, [...cursors, page.next])}>
                {t("pages.home.older")}
              </button>
            </nav>
          ) : null}
        </section>
        <SubmitForm />
      </div>
    </Layout>
  );
}

type TaskFilters = Omit<TaskQuery, "cursor">;
const STATES = ["running", "waiting", "parked", "completed", "cancelled", "failed"] as const;
const KINDS = ["task", "run", "all"] as const;

/** Which tasks are listed; an empty choice is no filter. */
function Filters({ filters, onChange }: { filters: TaskFilters; onChange: (filters: TaskFilters) => void }) {
  const change = (name: keyof TaskFilters, value: string): void => {
    const { [name]: _before, ...rest } = filters;
    onChange(value === "" ? rest : { ...rest, [name]: value });
  };
  return (
    <div class="filters">
      <label>
        {t("pages.home.state")}{" "}
        <select value={filters.state ?? ""} onChange={(event) => change("state", event.currentTarget.value)}>
          <option value="">{t("pages.home.any")}</option>
          {STATES.map((state) => (
            <option key={state} value={state}>
              {t(`status.${state}`)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t("pages.home.kind")}{" "}
        <select value={filters.kind ?? "task"} onChange={(event) => change("kind", event.currentTarget.value === "task" ? "" : event.currentTarget.value)}>
          {KINDS.map((kind) => (
            <option key={kind} value={kind}>
              {t(`pages.home.${kind}`)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t("pages.home.of")} <input type="search" placeholder={t("pages.home.ofExample")} maxLength={100} onChange={(event) => change("project", event.currentTarget.value.trim())} />
      </label>
    </div>
  );
}

function TaskList({ page, isAll }: { page: { tasks: TaskRow[]; next: string | null } | null; isAll: boolean }) {
  if (page === null) return <p class="muted">{t("loading")}</p>;
  if (page.tasks.length === 0 && !isAll) return <p class="muted">{t(page.next === null ? "pages.home.noMatch" : "pages.home.noMatchOlder")}</p>;
  if (page.tasks.length === 0)
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
      {page.tasks.map((task) => (
        <li key={task.task_id} class="card task-row">
          <div class="task-row-main">
            <a class="task-name" href={`/task/${task.task_id}`}>
              {task.run === null ? task.project : stepTitle(task.run)} <code>{task.task_id}</code>
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
