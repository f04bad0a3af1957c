import { useEffect, useState } from "preact/hooks";
import type { StatusAnswer } from "../api.ts";
import { t } from "../i18n/index.ts";
import { useApp } from "../ui/context.ts";
import { ErrorNote } from "../ui/parts.tsx";

/** A finished task's model can begin the labels of the next videos: for those who may change the global model. */
export function UseNext(props: { task: StatusAnswer }) {
  const { api, session } = useApp();
  const [state, setState] = useState<"open" | "busy" | "used" | "running">("open");
  const [error, setError] = useState<unknown>(null);
  const { model } = (props.task.steps.find(({ name }) => name === "deployment")?.result ?? {}) as { model?: { name: string; version: number } };
  const own = model === undefined ? "" : `${model.name}@${model.version}`;
  useEffect(() => {
    // Where there is no global model yet, it is not this one.
    api.model("global").then(
      ({ lineage }) => lineage["promoted_from"] === own && setState("used"),
      () => undefined,
    );
  }, [own]);
  if (model === undefined || !session.admin) return null;
  const use = async (): Promise<void> => {
    setState("busy");
    setError(null);
    try {
      const { result } = await api.promote(model.name, model.version);
      setState(result === undefined ? "running" : "used");
    } catch (problem) {
      setError(problem);
      setState("open");
    }
  };
  return (
    <div class="callout callout-quiet">
      <div>
        <strong>{t(state === "used" ? "pages.useNext.used" : "pages.useNext.title")}</strong>
        <p class="muted">
          {t("pages.useNext.text")} <a href="/model">{t("pages.models.title")}</a>
        </p>
      </div>
      {state === "used" ? null : (
        <button type="button" disabled={state !== "open"} onClick={() => void use()}>
          {t(state === "open" ? "pages.useNext.use" : "pages.models.busy")}
        </button>
      )}
      <ErrorNote error={error} />
    </div>
  );
}
