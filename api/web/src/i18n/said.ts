import { en } from "./en/index.ts";
import { chosen, t, type TextKey } from "./index.ts";

type SaidKey = Extract<TextKey, `said.${string}`>;

const known = [...patternsOf("sentences", en.said.sentences), ...patternsOf("words", en.said.words)];

/** What the server says in English, in the language that is chosen; as it is where it is not known here. */
export function said(text: string): string {
  if (chosen.state() === "en") return text;
  for (const { key, pattern } of known) {
    const found = pattern.exec(text);
    if (found !== null) return (t as (key: SaidKey, values: Record<string, string>) => string)(key, inner(found.groups ?? {}));
  }
  return text;
}

/** The step's name as its title; an advice as its own sentence. */
function inner(values: Record<string, string>): Record<string, string> {
  const { step, whatToDo } = values;
  return { ...values, ...(step === undefined ? {} : { step: stepSaid(step) }), ...(whatToDo === undefined ? {} : { whatToDo: said(whatToDo) }) };
}

const stepSaid = (step: string): string => (Object.hasOwn(en.steps, step) ? t(`steps.${step as keyof typeof en.steps}`) : step);

function patternsOf(section: keyof typeof en.said, texts: Record<string, string>): { key: SaidKey; pattern: RegExp }[] {
  return Object.entries(texts).map(([name, text]) => {
    const parts = text.split(/\{\{(\w+)\}\}/).map((part, index) => (index % 2 === 1 ? `(?<${part}>.+?)` : part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)));
    return { key: `said.${section}.${name}` as SaidKey, pattern: new RegExp(`^${parts.join("")}$`, "s") };
  });
}
