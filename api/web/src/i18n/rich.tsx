import type { ComponentChildren } from "preact";

const TAGS = /<(b|kbd)>(.*?)<\/\1>/;

/** A text with `<b>` and `<kbd>` in it, as elements: never as HTML, so names inside of it do no harm. */
export function Rich(props: { text: string }) {
  return <>{parts(props.text)}</>;
}

function parts(text: string): ComponentChildren[] {
  const found = TAGS.exec(text);
  if (found === null) return [text];
  const [all, tag, inner] = found;
  return [text.slice(0, found.index), tag === "kbd" ? <kbd>{inner}</kbd> : <strong>{inner}</strong>, ...parts(text.slice(found.index + all.length))];
}
