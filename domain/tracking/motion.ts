/**
 * Constant-velocity Kalman filter of one coordinate. Pixels and steps (one step: from one processed frame to the next).
 * State: position, velocity and their covariance [pp, pv, vv].
 */
export interface Axis {
  position: number;
  velocity: number;
  pp: number;
  pv: number;
  vv: number;
}

/** In body sizes (box diagonals): how far off a box may lie, and how much the speed changes in a step. */
const MEASUREMENT = 0.04;
const ACCELERATION = 0.015;

export function startAxis(position: number, size: number): Axis {
  return { position, velocity: 0, pp: (MEASUREMENT * size) ** 2, pv: 0, vv: (0.05 * size) ** 2 };
}

/** `keep`: share of the velocity that is left after the step; below 1 for an animal that is out of sight, so that it does not drift away. */
export function predictAxis(axis: Axis, steps: number, size: number, keep: number): Axis {
  const q = (ACCELERATION * size) ** 2 * steps;
  const velocity = axis.velocity * keep ** steps;
  return {
    position: axis.position + velocity * steps,
    velocity,
    pp: axis.pp + 2 * axis.pv * steps + axis.vv * steps * steps + q * (steps ** 2 / 3),
    pv: axis.pv + axis.vv * steps + (q * steps) / 2,
    vv: axis.vv + q,
  };
}

export function correctAxis(axis: Axis, measured: number, size: number): Axis {
  const s = axis.pp + (MEASUREMENT * size) ** 2;
  const gainP = axis.pp / s;
  const gainV = axis.pv / s;
  const off = measured - axis.position;
  return { position: axis.position + gainP * off, velocity: axis.velocity + gainV * off, pp: (1 - gainP) * axis.pp, pv: (1 - gainP) * axis.pv, vv: axis.vv - gainV * axis.pv };
}
