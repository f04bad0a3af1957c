import type { LabelingTask } from "../../../domain/labels.ts";

/** A skeleton's picture is 100 x 100; drawing one stretches it over the box that is dragged. */
const MIDDLE = 50;
const RADIUS = 40;

/** Where keypoint `index` of `count` lies in a picture of size 1 x 1: on a circle, from the top and clockwise, because nothing is known of its true place. */
export function templatePosition(index: number, count: number): { x: number; y: number } {
  if (count === 1) return { x: MIDDLE / 100, y: MIDDLE / 100 };
  const angle = (2 * Math.PI * index) / count;
  return { x: round(MIDDLE + RADIUS * Math.sin(angle)) / 100, y: round(MIDDLE - RADIUS * Math.cos(angle)) / 100 };
}

/**
 * The picture that CVAT wants of a skeleton: a circle per keypoint, a line per pair. The server finds keypoints by `data-label-name`, as it is written:
 * names of ours have no quotes and no angle brackets.
 */
export function skeletonSvg({ keypoints, skeleton }: Pick<LabelingTask, "keypoints" | "skeleton">): string {
  const at = (index: number): [number, number] => {
    const { x, y } = templatePosition(index, keypoints.length);
    return [round(x * 100), round(y * 100)];
  };
  const lines = skeleton.map(([from, to]) => {
    const [[x1, y1], [x2, y2]] = [at(from), at(to)];
    return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="black" data-type="edge" data-node-from="${from + 1}" stroke-width="0.5" data-node-to="${to + 1}"></line>`;
  });
  const circles = keypoints.map((name, index) => {
    const [x, y] = at(index);
    return `<circle r="1.5" stroke="black" fill="#b3b3b3" cx="${x}" cy="${y}" stroke-width="0.1" data-type="element node" data-element-id="${index + 1}" data-node-id="${index + 1}" data-label-name="${name}"></circle>`;
  });
  return [...lines, ...circles].join("");
}

const round = (value: number): number => Math.round(value * 100) / 100;
