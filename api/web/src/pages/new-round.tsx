import { useEffect, useState } from "preact/hooks";
import type { StatusAnswer } from "../api.ts";
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
        <strong>{reopened ? "Labels that were approved have been opened again in the labeling tool." : "Not good enough yet?"}</strong>
        <p class="muted">Round {round} stays as it is. A new round begins with its labels, and trains, deploys and infers again.</p>
      </div>
      <button type="button" class={reopened ? "primary" : ""} onClick={() => void open()}>
        Open round {round + 1}
      </button>
      <ErrorNote error={error} />
    </div>
  );
}
