import type { StatusAnswer } from "../api.ts";
import type { Progress, StepState } from "../../../../domain/state.ts";
import { between, bytes, duration, figure, figureName, stepTitle } from "../format.ts";
import { t } from "../i18n/index.ts";
import { said } from "../i18n/said.ts";
import { Badge, Bar } from "../ui/parts.tsx";
import { Curve, isDrawn, NO_CURVES, type Curves } from "./curve.tsx";
import { labelingUrl } from "./labeling-url.ts";
import { RetryForm } from "./retry-form.tsx";

/** The pipeline from top to bottom. */
export function Steps(props: { task: StatusAnswer; curves: Curves; reportUrl: string | null; now: number; onRetried: () => Promise<void> }) {
  return (
    <ol class="steps">
      {props.task.steps.map((step) => (
        <li key={step.name} class={`step step-${step.status}`} aria-current={step.status === "running" || step.status === "waiting" ? "step" : undefined}>
          <div class="step-head">
            <span class="step-name">{stepTitle(step.name)}</span>
            <span class="step-time">{step.status === "skipped" ? "" : (between(step.started_at, step.ended_at, props.now) ?? "")}</span>
            <Badge status={step.status} />
          </div>
          {step.status === "running" ? <RunningStep step={step} curves={step.name === "training" ? props.curves : NO_CURVES} /> : null}
          {step.name === "training" && step.status !== "pending" ? <Curve curves={props.curves} /> : null}
          {step.status === "waiting" ? (
            <p class="step-note">
              <a href={labelingUrl(props.task)}>{t("pages.step.openLabeling")}</a>
            </p>
          ) : null}
          {step.status === "parked" || step.status === "failed" ? (
            <div class="note note-bad">
              <strong>{said(step.reason ?? "")}</strong>
              {step.what_to_do === null ? null : <span>{said(step.what_to_do)}</span>}
              {step.status === "parked" ? <RetryForm task={props.task} step={step.name} onRetried={props.onRetried} /> : null}
            </div>
          ) : null}
          {step.status === "completed" ? <Made result={step.result} /> : null}
          {step.name === "training" && step.status === "completed" && props.reportUrl !== null ? (
            <p class="step-note">
              <a href={props.reportUrl} target="_blank" rel="noopener">
                {t("pages.step.report")}
              </a>
            </p>
          ) : null}
        </li>
      ))}
    </ol>
  );
}

function RunningStep(props: { step: StepState; curves: Curves }) {
  const { progress } = props.step;
  const fraction = progress === null || progress.total === null || progress.total === 0 ? null : progress.done / progress.total;
  return (
    <>
      <Bar fraction={fraction} label={stepTitle(props.step.name)} />
      {progress === null ? null : (
        <p class="step-note">
          {counted(progress)}
          {progress.message === undefined || progress.message === "" ? "" : ` · ${said(progress.message)}`}
        </p>
      )}
      {progress?.figures === undefined ? null : <Figures figures={Object.fromEntries(Object.entries(progress.figures).filter(([name]) => !isDrawn(props.curves, name)))} />}
    </>
  );
}

function counted(progress: Progress): string {
  if (progress.unit === "bytes") return progress.total === null ? bytes(progress.done) : t("pages.step.doneOf", { done: bytes(progress.done), total: bytes(progress.total) });
  // Training counts parts of epochs as well.
  const done = figure(progress.unit === "epochs" ? Math.floor(progress.done) : progress.done);
  const unit = said(progress.unit);
  return progress.total === null ? t("pages.step.count", { done, unit }) : t("pages.step.countOf", { done, total: figure(progress.total), unit });
}

function Figures(props: { figures: Record<string, unknown> }) {
  const entries = Object.entries(props.figures);
  if (entries.length === 0) return null;
  return (
    <dl class="figures">
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt>{figureName(name)}</dt>
          <dd>{shownAs(name, value)}</dd>
        </div>
      ))}
    </dl>
  );
}

function shownAs(name: string, value: unknown): string {
  if (name === "bytes") return bytes(Number(value));
  if (name === "seconds_left") return duration(Number(value));
  return name === "source" ? said(figure(value)) : figure(value);
}

/** Plain figures and short words of what a step made; keys of storage and nested objects are left to the timeline. */
function Made(props: { result: Record<string, unknown> | null }) {
  if (props.result === null) return null;
  const metrics = props.result["metrics"];
  const flat = { ...props.result, ...(typeof metrics === "object" && metrics !== null && !Array.isArray(metrics) ? metrics : {}) };
  const shown = Object.entries(flat).filter(([name, value]) => (typeof value === "number" || (typeof value === "string" && value.length <= 40 && !value.includes("/"))) && !/key|sha|hash/i.test(name));
  const notes = props.result["notes"];
  return (
    <>
      <Figures figures={Object.fromEntries(shown)} />
      {Array.isArray(notes) && notes.length > 0 ? <p class="step-note">{notes.map((note) => said(String(note))).join(" · ")}</p> : null}
    </>
  );
}
