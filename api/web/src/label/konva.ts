/** The parts of Konva that the labeling page draws with; the rest stays out of the bundle. */
export { Stage } from "konva/lib/Stage.js";
export { Layer } from "konva/lib/Layer.js";
export { Group } from "konva/lib/Group.js";
export { Circle } from "konva/lib/shapes/Circle.js";
export { Image as Picture } from "konva/lib/shapes/Image.js";
export { Label, Tag } from "konva/lib/shapes/Label.js";
export { Line } from "konva/lib/shapes/Line.js";
export { Rect } from "konva/lib/shapes/Rect.js";
export { Text } from "konva/lib/shapes/Text.js";
export { Transformer } from "konva/lib/shapes/Transformer.js";
