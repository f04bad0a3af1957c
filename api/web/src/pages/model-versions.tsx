import { useEffect, useState } from "preact/hooks";
import type { ModelDetail, ModelRow } from "../api.ts";
import { day } from "../format.ts";
import { t } from "../i18n/index.ts";
import { said } from "../i18n/said.ts";
import { useApp } from "../ui/context.ts";
import { ErrorNote } from "../ui/parts.tsx";
import { metricsText, originOf } from "./model-texts.ts";

/** All versions of a model, asked for when they are opened and anew after a change (`changes` counts them). `onChoose`: makes one of them answer; absent where the person may not. */
export function ModelVersions(props: { model: ModelRow; changes: number; busy: boolean; onChoose?: (version: number) => () => void }) {
  const { api } = useApp();
  const { model, onChoose } = props;
  const [open, setOpen] = useState(false);
  const [found, setFound] = useState<ModelDetail | null>(null);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    if (open) api.model(model.name).then(setFound, setError);
  }, [open, model.name, model.served_version, model.versions.length, props.changes]);
  return (
    <details class="versions" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t("pages.models.versions", { count: model.versions.length + model.refused.length })}</summary>
      <ErrorNote error={error} />
      {found === null ? null : (
        <table>
          <thead>
            <tr>
              <th scope="col">{t("pages.models.version")}</th>
              <th scope="col">{t("pages.models.state")}</th>
              <th scope="col">{t("pages.models.metrics")}</th>
              <th scope="col">{t("pages.models.origin")}</th>
              <th scope="col">{t("pages.models.deployed")}</th>
              <td />
            </tr>
          </thead>
          <tbody>
            {found.cards.map((card) => (
              <tr key={card.version}>
                <th scope="row">{card.version}</th>
                <td>
                  {card.version === found.served_version ? <span class="badge badge-completed">{t("pages.models.serves")}</span> : t(`pages.models.is.${card.status}`)}
                  {card.reason === undefined ? null : <p class="muted version-reason">{card.reason}</p>}
                </td>
                <td>{metricsText(card.metrics)}</td>
                <td>{originOf(card.lineage ?? {})}</td>
                <td>{card.deployed_at === undefined || card.deployed_at === null ? "" : day(card.deployed_at)}</td>
                <td>
                  {card.status === "deployed" && card.version !== found.served_version && onChoose !== undefined ? (
                    <button type="button" disabled={props.busy} onClick={onChoose(card.version)} aria-label={`${t("pages.models.choose")}: ${t("pages.models.answers", { version: card.version })}`}>
                      {t("pages.models.choose")}
                    </button>
                  ) : null}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {found?.changed_why === null || found === null ? null : <p class="muted">{t("pages.models.changed", { who: found.changed_by ?? "", when: found.changed_at === null ? "" : day(found.changed_at), why: said(found.changed_why) })}</p>}
    </details>
  );
}
