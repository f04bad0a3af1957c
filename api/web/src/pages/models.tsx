import { useState } from "preact/hooks";
import { ApiError, type ModelRow, type RunAnswer } from "../api.ts";
import { day } from "../format.ts";
import { t } from "../i18n/index.ts";
import { useApp } from "../ui/context.ts";
import { usePolling, useTitle } from "../ui/hooks.ts";
import { Layout } from "../ui/layout.tsx";
import { ErrorNote } from "../ui/parts.tsx";
import { ImportModel } from "./import-model.tsx";
import { metricsText, originOf } from "./model-texts.ts";
import { ModelVersions } from "./model-versions.tsx";

/** What is deployed: which version of each model answers, how good it was, and the ways back. */
export function ModelsPage() {
  const { api } = useApp();
  const [models, setModels] = useState<ModelRow[] | null>(null);
  const [error, setError] = useState<unknown>(null);
  useTitle(t("pages.models.title"));
  const ask = async (): Promise<void> => {
    try {
      setModels((await api.models()).models);
      setError(null);
    } catch (problem) {
      setError(problem);
    }
  };
  usePolling(ask, 5000, true);
  return (
    <Layout>
      <div class="home">
        <section aria-labelledby="models">
          <h1 id="models">{t("pages.models.title")}</h1>
          <p class="muted">{t("pages.models.text")}</p>
          <ErrorNote error={error} />
          {models === null && error === null ? <p class="muted">{t("loading")}</p> : null}
          {models?.length === 0 ? (
            <div class="card empty">
              <p>
                <strong>{t("pages.models.none")}</strong>
              </p>
              <p class="muted">{t("pages.models.noneText")}</p>
            </div>
          ) : null}
          {models?.map((model) => (
            <Model key={model.name} model={model} onChanged={ask} />
          ))}
        </section>
        <ImportModel onDone={ask} />
      </div>
    </Layout>
  );
}

function Model(props: { model: ModelRow; onChanged: () => Promise<void> }) {
  const { api, session } = useApp();
  const { model } = props;
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [running, setRunning] = useState<string | null>(null);
  const [changes, setChanges] = useState(0);
  const mayChange = session.admin || model.kind === "task" || (model.kind === "named" && model.owner === session.user_id);

  const change = (work: () => Promise<RunAnswer>) => async (): Promise<void> => {
    setBusy(true);
    setError(null);
    setRunning(null);
    try {
      const answer = await work();
      if (answer.result === undefined) setRunning(answer.run_id);
      await props.onChanged();
      setChanges((n) => n + 1);
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  const rollBack = (version: number): (() => void) => {
    const go = change(() => api.rollBack(model.name, version));
    return () => void (confirm(t("pages.models.rollBackSure", { model: model.name, version })) && go());
  };
  const promote = change(() => api.promote(model.name));
  const [before] = model.before;

  return (
    <article class="card model" aria-labelledby={`model-${model.name}`}>
      <header class="model-head">
        <div>
          <h2 id={`model-${model.name}`}>{model.kind === "task" ? <a href={`/task/${model.name}`}>{model.name}</a> : model.name}</h2>
          <p class="muted">{t(`pages.models.kind.${model.kind}`)}</p>
        </div>
        <span class={model.served_version === null ? "badge badge-parked" : "badge badge-completed"}>{model.served_version === null ? t("pages.models.noVersion") : t("pages.models.answers", { version: model.served_version })}</span>
      </header>
      <Facts model={model} />
      <div class="row">
        {mayChange && before !== undefined ? (
          <button type="button" disabled={busy} onClick={rollBack(before)}>
            {t("pages.models.rollBack", { version: before })}
          </button>
        ) : null}
        {session.admin && model.kind !== "global" && model.served_version !== null ? (
          <button type="button" disabled={busy} onClick={() => void promote()}>
            {t("pages.models.promote")}
          </button>
        ) : null}
        {busy ? <span class="muted">{t("pages.models.busy")}</span> : null}
      </div>
      {running === null ? null : (
        <p class="note">
          <a href={`/task/${running}`}>{t("pages.models.running")}</a>
        </p>
      )}
      <ErrorNote error={error}>{error instanceof ApiError && error.status === 422 ? <span>{t("pages.models.oldServes")}</span> : null}</ErrorNote>
      <ModelVersions model={model} changes={changes} {...(mayChange ? { onChoose: rollBack } : {})} busy={busy} />
    </article>
  );
}

/** Names, figures, and where it comes from. */
function Facts(props: { model: ModelRow }) {
  const { model } = props;
  const facts: [string, string][] = [
    [t("pages.models.classes"), model.classes.join(", ")],
    [t("pages.models.keypoints"), model.keypoints.join(", ")],
    [t("pages.models.metrics"), metricsText(model.metrics)],
    [t("pages.models.origin"), originOf(model.lineage)],
    [t("pages.models.endpoint"), model.endpoint ?? ""],
    [t("pages.models.deployed"), model.deployed_at === null ? "" : [day(model.deployed_at), model.owner].filter((part) => part !== null).join(" · ")],
  ];
  return (
    <dl class="facts">
      {facts
        .filter(([, text]) => text !== "")
        .map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
    </dl>
  );
}
