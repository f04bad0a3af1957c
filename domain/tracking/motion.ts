/** Constant-velocity Kalman filter of one coordinate: pixels and seconds. `pp`, `pv`, `vv`: covariance of position and velocity. */
export interface Axis {
  position: number;
  velocity: number;
  pp: number;
  pv: number;
  vv: number;
}

/** In body sizes (box diagonals): how far off a box may lie, how fast an animal may be when first seen, and how much its speed changes in a second. */
const MEASUREMENT = 0.04;
const FIRST_SPEED = 1.5;
const SPEED_CHANGE = 1.5;
/** An animal that is out of sight is taken to stop after about so many seconds: it would drift away otherwise. */
const STOPS_AFTER = 0.25;

export function startAxis(position: number, size: number): Axis {
  return { position, velocity: 0, pp: (MEASUREMENT * size) ** 2, pv: 0, vv: (FIRST_SPEED * size) ** 2 };
}

export function predictAxis(axis: Axis, options: { seconds: number; size: number; inSight: boolean }): Axis {
  const { seconds, size, inSight } = options;
  const q = (SPEED_CHANGE * size) ** 2 * seconds;
  const velocity = inSight ? axis.velocity : axis.velocity * Math.exp(-seconds / STOPS_AFTER);
  return {
    position: axis.position + velocity * seconds,
    velocity,
    pp: axis.pp + 2 * axis.pv * seconds + axis.vv * seconds ** 2 + (q * seconds ** 2) / 3,
    pv: axis.pv + axis.vv * seconds + (q * seconds) / 2,
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
