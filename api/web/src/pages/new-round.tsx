import { useEffect, useState } from "preact/hooks";
import type { StatusAnswer } from "../api.ts";
import { t } from "../i18n/index.ts";
import { useApp } from "../ui/context.ts";
import { ErrorNote } from "../ui/parts.tsx";

/** A task that is done can be labeled on: what has been approved and trained stays, and a new round begins with its labels. */
export function NewRound(props: { task: StatusAnswer; onOpened: () => Promise<void> }) {
  const { api } = useApp();
  const { task_id: taskId, round } = props.task;
  const [reopened, setReopened] = useState(false);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    // A labeling tool that is away has nothing to say here.
    api.labeling(taskId).then(
      (found) => setReopened(found.reopened),
      () => setReopened(false),
    );
  }, [taskId, round]);
  const open = async (): Promise<void> => {
    try {
      await api.openRound(taskId);
      await props.onOpened();
    } catch (problem) {
      setError(problem);
    }
  };
  return (
    <div class={reopened ? "callout" : "callout callout-quiet"}>
      <div>
        <strong>{t(reopened ? "pages.round.reopened" : "pages.round.better")}</strong>
        <p class="muted">{t("pages.round.text", { round })}</p>
      </div>
      <button type="button" class={reopened ? "primary" : ""} onClick={() => void open()}>
        {t("pages.round.open", { round: round + 1 })}
      </button>
      <ErrorNote error={error} />
    </div>
  );
}
