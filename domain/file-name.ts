/** The last word of a path or URL, where it can name a file: with an extension, and not hidden. */
export function fileNameOf(place: string): string | null {
  const path = /^[a-z][a-z0-9+.-]*:\/\//i.test(place) ? place.replace(/[?#].*$/s, "") : place;
  const name = path.split("/").at(-1) ?? "";
  return /^[^.\\][^\\]*\.[0-9A-Za-z]+$/.test(name) ? name : null;
}
