/** Where a file lies: of a URL, without what it may carry as a key. */
export const placeOf = (path: string): string => (/^[a-z][a-z0-9+.-]*:\/\//i.test(path) ? path.replace(/[?#].*$/s, "") : path);

/** The last word of a path or URL, where it can name a file: with an extension, and not hidden. */
export function fileNameOf(place: string): string | null {
  const name = placeOf(place).split("/").at(-1) ?? "";
  return /^[^.\\][^\\]*\.[0-9A-Za-z]+$/.test(name) ? name : null;
}
