export interface Pairable {
  class: string;
  /** 0: none */
  group: number;
}

export interface Pairing<B, S> {
  pairs: { box: B | null; skeleton: S | null }[];
  /** Skeletons of which it cannot be told to which box they belong. */
  unclear: S[];
  /** Skeletons that a person grouped with a box of another class. */
  mixed: S[];
}

/** A skeleton's box must hold at least this part of its points. */
const PART_INSIDE = 0.5;

/**
 * Which skeleton belongs to which box of one frame: those that a person grouped, then, among what is left, by where the points lie, but only where
 * there is one way to do so. A box without a skeleton has no keypoints yet; a skeleton may stand alone.
 */
export function pair<B extends Pairable & { box: number[] }, S extends Pairable & { keypoints: number[][] }>(boxes: B[], skeletons: S[]): Pairing<B, S> {
  const ownerOf = new Map<S, B>();
  const mixed: S[] = [];
  for (const group of new Set(skeletons.map((skeleton) => skeleton.group).filter((number) => number !== 0))) {
    const [box, otherBox] = boxes.filter((b) => b.group === group);
    const [skeleton, otherSkeleton] = skeletons.filter((s) => s.group === group);
    if (box === undefined || skeleton === undefined || otherBox !== undefined || otherSkeleton !== undefined) continue;
    if (box.class === skeleton.class) ownerOf.set(skeleton, box);
    else mixed.push(skeleton);
  }

  const taken = new Set(ownerOf.values());
  const open = new Map(skeletons.filter((s) => !ownerOf.has(s)).map((s) => [s, candidates(s, boxes.filter((b) => !taken.has(b)))]));
  for (const [skeleton, found] of open) if (found.length === 0) open.delete(skeleton);
  const free = (s: S): B[] => (open.get(s) ?? []).filter((box) => !taken.has(box));
  for (;;) {
    // A skeleton with one possible box takes it, unless another has no other either; that may take the doubt from the rest.
    const single = [...open.keys()].filter((s) => free(s).length === 1);
    const sure = single.find((s) => single.every((other) => other === s || free(other)[0] !== free(s)[0]));
    if (sure === undefined) break;
    const box = free(sure)[0]!;
    ownerOf.set(sure, box);
    taken.add(box);
    open.delete(sure);
  }

  const owned = new Map([...ownerOf].map(([skeleton, box]) => [box, skeleton]));
  const alone = skeletons.filter((s) => !ownerOf.has(s) && !open.has(s));
  return { pairs: [...boxes.map((box) => ({ box, skeleton: owned.get(box) ?? null })), ...alone.map((skeleton) => ({ box: null, skeleton }))], unclear: [...open.keys()], mixed };
}

/** The boxes of its class that hold most of a skeleton's points: more than one where they hold equally many. */
function candidates<B extends Pairable & { box: number[] }>(skeleton: Pairable & { keypoints: number[][] }, boxes: B[]): B[] {
  const placed = skeleton.keypoints.filter(([, , v]) => v !== 0);
  const inside = ({ box: [x1 = 0, y1 = 0, x2 = 0, y2 = 0] }: B): number => placed.filter(([x = 0, y = 0]) => x >= x1 && x <= x2 && y >= y1 && y <= y2).length;
  const counted = boxes.filter((box) => box.class === skeleton.class).map((box) => ({ box, count: inside(box) }));
  const most = Math.max(1, placed.length * PART_INSIDE, ...counted.map(({ count }) => count));
  return counted.filter(({ count }) => count === most).map(({ box }) => box);
}
