/** A colour of its own for each of many names, far from its neighbours: hues a golden angle apart. */
export function colour(index: number): string {
  const hue = (index * 137.508) % 360;
  const channel = (offset: number): string => {
    const k = (offset + hue / 30) % 12;
    const value = 0.5 - 0.45 * Math.max(-1, Math.min(k - 3, 9 - k, 1));
    return Math.round(value * 255).toString(16).padStart(2, "0");
  };
  return `#${channel(0)}${channel(8)}${channel(4)}`;
}
