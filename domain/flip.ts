/** left, right, l, r, case kept: a mirror image swaps them. */
const SIDES: Record<string, string> = { left: "right", right: "left", l: "r", r: "l" };

const wordsOf = (name: string): string[] => (name.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\sA-Za-z\d_.-]+/g) ?? []).map((word) => word.toLowerCase());
const keyOf = (words: string[]): string => words.join(" ");

/**
 * Which keypoint each one becomes in a mirror image, from names that pair: ear_left / ear_right, wingL / wingR, L1 / R1, lpaw / rpaw.
 * Names without a side (head, thorax) are taken to lie on the midline and stay as they are.
 * null where that is not known: no name has a side, or a side's counterpart is missing.
 */
export function deriveFlipIdx(names: string[]): number[] | null {
  const words = names.map(wordsOf);
  const indexOf = new Map(words.map((list, index) => [keyOf(list), index]));
  if (indexOf.size !== names.length) return null;

  let paired = false;
  const flip: number[] = [];
  for (const [index, list] of words.entries()) {
    const mirrored = list.map((word) => SIDES[word] ?? word);
    const isSided = keyOf(mirrored) !== keyOf(list);
    const partner = isSided ? indexOf.get(keyOf(mirrored)) : gluedPartner(list, indexOf);
    if (isSided && partner === undefined) return null;
    if (partner !== undefined) paired = true;
    flip.push(partner ?? index);
  }
  return paired && isFlip(flip, names.length) ? flip : null;
}

/** A side written without a border (leftear, earr): believed only where the counterpart's name exists. */
function gluedPartner(words: string[], indexOf: Map<string, number>): number | undefined {
  for (const [position, word] of words.entries()) {
    for (const [side, other] of Object.entries(SIDES)) {
      const swapped = [word.startsWith(side) ? other + word.slice(side.length) : null, word.endsWith(side) ? word.slice(0, -side.length) + other : null];
      for (const candidate of swapped) {
        const found = candidate === null ? undefined : indexOf.get(keyOf(words.with(position, candidate)));
        if (found !== undefined) return found;
      }
    }
  }
  return undefined;
}

/** Each index once, and mirrored twice every keypoint is itself again. */
export function isFlip(flip: number[], keypoints: number): boolean {
  return flip.length === keypoints && flip.every((to, from) => flip[to] === from);
}
