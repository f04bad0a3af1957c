import { createRandom, type Random } from "./random.ts";

/**
 * How the animals move. Pixels and seconds; y points down, angles in radians clockwise from the right.
 * An animal is led by its shoulders; the trunk and the tail follow like links of a chain, which bends them as real ones bend.
 */

export interface Point {
  x: number;
  y: number;
}

export interface Pose {
  /** nose, head, shoulders, mid, hip, tail base */
  spine: Point[];
  /** From the tail base to the tip. */
  tail: Point[];
  /** Body length from nose to tail base. */
  length: number;
}

/** Places along the body, in body lengths from the nose. */
const LINKS = [0, 0.15, 0.33, 0.58, 0.82, 1];
const SHOULDER = 2;
const TAIL_LINKS = 12;
const TAIL_LINK = 0.075;

interface Animal {
  length: number;
  heading: number;
  speed: number;
  headTurn: number;
  headAim: number;
  stride: number;
  mode: "walk" | "pause" | "approach" | "sniff" | "cross";
  until: number;
  pace: number;
  target: Point;
  partner: number;
  /** shoulders, mid, hip, tail base, then the tail */
  chain: Point[];
}

export interface BehaviourOptions {
  seed: number;
  width: number;
  height: number;
  fps: number;
  animals: number;
  /** Body length in pixels. */
  length: number;
  /** The wall's thickness in pixels. */
  wall: number;
  /** Seconds, least and greatest, between the beginnings of two meetings, and for which the one that came sniffs at the other. */
  meetings?: { every: [number, number]; last: [number, number] };
}

const MEETINGS = { every: [4, 6.5], last: [0.6, 1.6] } satisfies NonNullable<BehaviourOptions["meetings"]>;

/** Poses of all animals, frame after frame, without end. */
export function* simulate(options: BehaviourOptions): Generator<Pose[], never> {
  const random = createRandom(options.seed ^ 0x5eed);
  const animals = Array.from({ length: options.animals }, (_, i) => born(i, options, random));
  const steps = 2;
  const dt = 1 / (options.fps * steps);
  let time = 0;
  let nextMeeting = random.between(1.5, 3);
  for (;;) {
    yield animals.map(poseOf);
    for (let step = 0; step < steps; step += 1) {
      time += dt;
      if (time >= nextMeeting && animals.length > 1) {
        nextMeeting = time + random.between(...(options.meetings ?? MEETINGS).every);
        startMeeting(animals, time, random);
      }
      for (const animal of animals) decide(animal, animals, time, options, random);
      for (const animal of animals) move(animal, dt, options);
      keepApart(animals, dt);
    }
  }
}

function born(index: number, options: BehaviourOptions, random: Random): Animal {
  const length = options.length * random.between(0.94, 1.06);
  const heading = random.between(-Math.PI, Math.PI);
  const start = { x: (options.width * (index + 1)) / (options.animals + 1), y: options.height * random.between(0.3, 0.7) };
  const chain: Point[] = [];
  for (let i = 0; i < 4 + TAIL_LINKS; i += 1) {
    const behind = i < 4 ? (LINKS[i + SHOULDER]! - LINKS[SHOULDER]!) * length : (1 - LINKS[SHOULDER]! + (i - 3) * TAIL_LINK) * length;
    chain.push({ x: start.x - Math.cos(heading) * behind, y: start.y - Math.sin(heading) * behind });
  }
  return { length, heading, speed: 0, headTurn: 0, headAim: 0, stride: random.between(0, 6), mode: "walk", until: random.between(2, 5), pace: random.between(1, 1.8), target: somewhere(options, random), partner: -1, chain };
}

function somewhere(options: BehaviourOptions, random: Random): Point {
  const margin = options.wall + options.length * 0.6;
  return { x: random.between(margin, options.width - margin), y: random.between(margin, options.height - margin) };
}

/** One animal goes to another, sniffs at its flank, and often climbs across it. */
function startMeeting(animals: Animal[], time: number, random: Random): void {
  const a = Math.floor(random.next() * animals.length);
  const b = (a + 1 + Math.floor(random.next() * (animals.length - 1))) % animals.length;
  Object.assign(animals[a]!, { mode: "approach", partner: b, until: time + 6, pace: random.between(1.4, 2.2) });
  if (random.next() < 0.6) Object.assign(animals[b]!, { mode: "pause", until: time + random.between(2, 4) });
}

function decide(animal: Animal, animals: Animal[], time: number, options: BehaviourOptions, random: Random): void {
  const partner = animals[animal.partner];
  if (random.next() < 0.012) animal.headAim = random.between(-0.6, 0.6);
  if (animal.mode === "approach" && partner !== undefined) {
    animal.target = partner.chain[1]!;
    if (distance(animal.chain[0]!, animal.target) < animal.length * 0.55) Object.assign(animal, { mode: "sniff", until: time + random.between(...(options.meetings ?? MEETINGS).last) });
  }
  if (time < animal.until && !(animal.mode !== "approach" && arrived(animal))) return;
  if (animal.mode === "sniff" && partner !== undefined && random.next() < 0.7) {
    // Across the other and some way on.
    const far = partner.chain[1]!;
    const from = animal.chain[0]!;
    const reach = (animal.length * 2.2) / Math.max(1, distance(far, from));
    const beyond = { x: from.x + (far.x - from.x) * reach, y: from.y + (far.y - from.y) * reach };
    Object.assign(animal, { mode: "cross", target: inside(beyond, options), until: time + 2.5, pace: random.between(1.2, 1.8) });
  } else if (animal.mode !== "pause" && random.next() < 0.4) {
    Object.assign(animal, { mode: "pause", until: time + random.between(0.5, 2.5), partner: -1 });
  } else {
    Object.assign(animal, { mode: "walk", until: time + random.between(2, 6), pace: random.between(0.7, 2), target: somewhere(options, random), partner: -1 });
  }
}

function arrived(animal: Animal): boolean {
  return animal.mode !== "pause" && animal.mode !== "sniff" && distance(animal.chain[0]!, animal.target) < animal.length * 0.4;
}

function inside(point: Point, options: BehaviourOptions): Point {
  const margin = options.wall + options.length * 0.5;
  return { x: clamp(point.x, margin, options.width - margin), y: clamp(point.y, margin, options.height - margin) };
}

function move(animal: Animal, dt: number, options: BehaviourOptions): void {
  const lead = animal.chain[0]!;
  const still = animal.mode === "pause" || animal.mode === "sniff";
  const off = still ? 0 : turnTo(animal.heading, Math.atan2(animal.target.y - lead.y, animal.target.x - lead.x));
  // Tight turns are taken slowly.
  const wanted = still ? 0 : animal.pace * animal.length * Math.max(0.25, Math.cos(off));
  animal.speed += (wanted - animal.speed) * Math.min(1, dt * 5);
  const pace = animal.speed / animal.length;
  animal.heading += clamp(off * 3, -3, 3) * Math.min(1, 0.2 + pace) * dt;
  const look = still ? animal.headAim : clamp(off * 0.7, -0.55, 0.55) + animal.headAim * 0.25;
  animal.headTurn += (look - animal.headTurn) * Math.min(1, dt * 6);
  animal.stride += pace * dt * 14;
  // Walking sways the shoulders a little from side to side.
  const sway = Math.cos(animal.stride) * Math.min(1, pace) * 0.12;
  lead.x += Math.cos(animal.heading + sway) * animal.speed * dt;
  lead.y += Math.sin(animal.heading + sway) * animal.speed * dt;
  Object.assign(lead, inside(lead, options));
  follow(animal);
}

/** Each link is drawn behind the one before it and bends no further than a spine (or a tail) bends. */
function follow(animal: Animal): void {
  const { chain, length } = animal;
  let before = animal.heading + Math.PI;
  for (let i = 1; i < chain.length; i += 1) {
    const link = i < 4 ? (LINKS[i + SHOULDER]! - LINKS[i + SHOULDER - 1]!) * length : TAIL_LINK * length;
    const limit = i < 4 ? 0.5 : 0.38;
    const from = chain[i - 1]!;
    const to = chain[i]!;
    const angle = before + clamp(turnTo(before, Math.atan2(to.y - from.y, to.x - from.x)), -limit, limit);
    to.x = from.x + Math.cos(angle) * link;
    to.y = from.y + Math.sin(angle) * link;
    before = angle;
  }
}

/** Bodies overlap when animals climb over each other, but never lie fully inside each other. */
function keepApart(animals: Animal[], dt: number): void {
  for (let a = 0; a < animals.length; a += 1) {
    for (let b = a + 1; b < animals.length; b += 1) {
      const one = animals[a]!;
      const other = animals[b]!;
      const crossing = one.mode === "cross" || other.mode === "cross";
      const least = one.length * (crossing ? 0.3 : 0.5);
      const p = one.chain[1]!;
      const q = other.chain[1]!;
      const d = Math.max(1e-3, distance(p, q));
      if (d >= least) continue;
      const push = ((least - d) * dt * 4) / d;
      shift(one, (p.x - q.x) * push, (p.y - q.y) * push);
      shift(other, (q.x - p.x) * push, (q.y - p.y) * push);
    }
  }
}

function shift(animal: Animal, x: number, y: number): void {
  for (let i = 0; i < 4; i += 1) {
    animal.chain[i]!.x += x;
    animal.chain[i]!.y += y;
  }
}

function poseOf(animal: Animal): Pose {
  const { chain, length } = animal;
  const shoulders = chain[0]!;
  const neck = animal.heading + animal.headTurn * 0.5;
  const face = animal.heading + animal.headTurn;
  const head = { x: shoulders.x + Math.cos(neck) * length * 0.18, y: shoulders.y + Math.sin(neck) * length * 0.18 };
  const nose = { x: head.x + Math.cos(face) * length * 0.15, y: head.y + Math.sin(face) * length * 0.15 };
  return { spine: [nose, head, ...chain.slice(0, 4)].map((p) => ({ ...p })), tail: chain.slice(3).map((p) => ({ ...p })), length };
}

export function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

/** From one angle to another the short way round, -pi..pi. */
function turnTo(from: number, to: number): number {
  const d = (to - from) % (2 * Math.PI);
  return d > Math.PI ? d - 2 * Math.PI : d < -Math.PI ? d + 2 * Math.PI : d;
}
