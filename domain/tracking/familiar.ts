import type { Look } from "../appearance.ts";

/** Sightings after which a track's look is known. */
const KNOWN = 8;
/** A look changes slowly: light, dirt, the side that is seen. */
const FORGETS = 0.03;
/** Looks are not told apart more finely, of 255. */
const LEAST_SPREAD = 2;
/** Squared distance, in spreads, up to which a look may well be the animal's own, and from which on it counts in full. */
const OWN = 2;
const OTHER = 8;

/** The look of a track, as it was lately. */
export interface FamiliarLook {
  count: number;
  look: Look;
}

/** Learns how much one animal's look differs from one sighting to another, and with it how strange a look is to a track. */
export function createFamiliarity(): { learn(known: FamiliarLook | null, look: Look): FamiliarLook; strangeness(known: FamiliarLook | null, look: Look | undefined): number } {
  const variance = [100, 100, 100];
  return {
    /** A sighting of the animal alone. */
    learn(known, look) {
      if (known === null) return { count: 1, look };
      const share = Math.max(FORGETS, 1 / (known.count + 1));
      if (known.count >= KNOWN) for (const [c, value] of look.entries()) variance[c]! += 0.01 * ((value - known.look[c]!) ** 2 - variance[c]!);
      return { count: known.count + 1, look: known.look.map((value, c) => value + share * (look[c]! - value)) as Look };
    },
    /** 0 may well be the same animal, or nothing is known .. 1 another one. */
    strangeness(known, look) {
      if (known === null || known.count < KNOWN || look === undefined) return 0;
      const apart = look.reduce((sum, value, c) => sum + (value - known.look[c]!) ** 2 / Math.max(LEAST_SPREAD ** 2, variance[c]!), 0) / look.length;
      return Math.min(1, Math.max(0, apart - OWN) / (OTHER - OWN));
    },
  };
}
