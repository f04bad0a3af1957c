/**
 * Reads what Python's `str()` makes of plain values: Ultralytics writes a model's class names into its ONNX file that way.
 * Dictionaries become Maps, None null. Throws SyntaxError for anything else.
 */
export type PythonValue = string | number | boolean | null | PythonValue[] | Map<PythonValue, PythonValue>;

const TOKEN = /\s*(?:([[\](){},:])|'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(True|False|None))\s*/y;
const ESCAPES: Record<string, string> = { n: "\n", t: "\t", r: "\r" };

export function parsePythonLiteral(text: string): PythonValue {
  const tokens = tokensOf(text);
  let next = 0;
  const punctuation = (): string | undefined => {
    const token = tokens[next];
    return token?.kind === "punctuation" ? token.value : undefined;
  };
  const take = (expected: string): void => {
    if (punctuation() !== expected) throw new SyntaxError(`expected ${expected}`);
    next += 1;
  };
  /** Items up to `end`, commas between them, one more allowed at the end. */
  const items = <T>(end: string, item: () => T): T[] => {
    const found: T[] = [];
    while (punctuation() !== end) {
      found.push(item());
      if (punctuation() !== end) take(",");
    }
    take(end);
    return found;
  };
  const value = (): PythonValue => {
    const token = tokens[next];
    if (token === undefined) throw new SyntaxError("ends too early");
    next += 1;
    if (token.kind === "value") return token.value;
    if (token.value === "[") return items("]", value);
    if (token.value === "(") return items(")", value);
    if (token.value !== "{") throw new SyntaxError(`unexpected ${token.value}`);
    const pairs = items("}", (): [PythonValue, PythonValue] => {
      const key = value();
      take(":");
      return [key, value()];
    });
    return new Map(pairs);
  };
  const parsed = value();
  if (next !== tokens.length) throw new SyntaxError("more than one value");
  return parsed;
}

type Token = { kind: "punctuation"; value: string } | { kind: "value"; value: string | number | boolean | null };

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const [, punctuation, single, double, number, word] = TOKEN.exec(text) ?? [];
    const quoted = single ?? double;
    if (punctuation !== undefined) tokens.push({ kind: "punctuation", value: punctuation });
    else if (quoted !== undefined) tokens.push({ kind: "value", value: quoted.replaceAll(/\\(.)/g, (_, character: string) => ESCAPES[character] ?? character) });
    else if (number !== undefined) tokens.push({ kind: "value", value: Number(number) });
    else if (word !== undefined) tokens.push({ kind: "value", value: word === "None" ? null : word === "True" });
    else throw new SyntaxError("not a plain Python value");
  }
  return tokens;
}
