import { colour } from "./palette.ts";

/** Names of the controls, which every result carries as `from_name`. */
export const CONTROLS = { image: "image", box: "bbox", keypoint: "kp", visibility: "visibility", track: "track", review: "review", comment: "comment" } as const;
export const APPROVED = "Approved";
export const REJECTED = "Rejected";
export const OCCLUDED = "Occluded";

interface Names {
  classes: string[];
  keypoints: string[];
}

/**
 * What labelers see. Label Studio has neither absent keypoints nor a skeleton: a keypoint that is not drawn is absent, and one
 * belongs to the box under which it is nested in the list of regions, or in which it lies.
 */
export function labelConfig({ classes, keypoints }: Names): string {
  const labels = (names: string[], first: number): string[] => names.map((name, i) => `      <Label value="${escape(name)}" background="${colour(first + i)}"/>`);
  const { image, box, keypoint, visibility, track, review, comment } = CONTROLS;
  const boxes = [`    <RectangleLabels name="${box}" toName="${image}" canRotate="false" strokeWidth="2">`, ...labels(classes, 0), `    </RectangleLabels>`];
  const points = [
    `    <KeyPointLabels name="${keypoint}" toName="${image}" strokeWidth="5" opacity="0.9">`,
    ...labels(keypoints, classes.length),
    `    </KeyPointLabels>`,
    `    <View visibleWhen="region-selected" whenTagName="${keypoint}">`,
    `      <Choices name="${visibility}" toName="${image}" perRegion="true" choice="multiple" showInline="true">`,
    `        <Choice value="${OCCLUDED}"/>`,
    `      </Choices>`,
    `    </View>`,
  ];
  // Beside the picture, so that nothing moves under the pointer when a control appears, and no control lies below the window.
  return [
    `<View style="display: flex; align-items: flex-start; gap: 16px">`,
    `  <View style="flex: 0 0 190px; position: sticky; top: 0">`,
    ...boxes,
    ...(keypoints.length === 0 ? [] : points),
    `    <Choices name="${review}" toName="${image}" choice="single" showInline="true">`,
    `      <Choice value="${APPROVED}"/>`,
    `      <Choice value="${REJECTED}"/>`,
    `    </Choices>`,
    `    <View visibleWhen="choice-selected" whenTagName="${review}" whenChoiceValue="${REJECTED}">`,
    `      <TextArea name="${comment}" toName="${image}" maxSubmissions="1" editable="true" placeholder="What is wrong"/>`,
    `    </View>`,
    `    <View visibleWhen="region-selected" whenTagName="${box}">`,
    `      <TextArea name="${track}" toName="${image}" perRegion="true" maxSubmissions="1" editable="true" placeholder="Which animal (optional)"/>`,
    `    </View>`,
    `  </View>`,
    `  <View style="flex: 1 1 0; min-width: 0">`,
    `    <Image name="${image}" value="$image" zoom="true" zoomControl="true" rotateControl="false"/>`,
    `  </View>`,
    `</View>`,
  ].join("\n");
}

/** Shown by Label Studio before labeling begins. */
export function instructions({ classes, keypoints, skeleton }: Names & { skeleton: [number, number][] }): string {
  const points = [
    `Draw a box around each ${classes.map(escape).join(", ")}, or correct the one that is suggested.`,
    ...(keypoints.length === 0
      ? []
      : [
          `Keypoints: ${keypoints.map(escape).join(", ")}. Choose one, then click on its place <b>holding Ctrl</b> (Cmd on a Mac): without it the click selects the box.`,
          `A keypoint that is hidden behind something: select it and tick ${OCCLUDED}. One that is outside of the picture: leave it out.`,
          `Where boxes overlap, drag a new keypoint onto its box in the list of regions, so that it is known whose it is.`,
        ]),
    ...(skeleton.length === 0 ? [] : [`The skeleton joins ${skeleton.map(([a, b]) => `${escape(keypoints[a] ?? "")} and ${escape(keypoints[b] ?? "")}`).join("; ")}.`]),
    `When everything in the frame is right, choose <b>${APPROVED}</b> and submit. Only approved frames are learned from, also those without an animal.`,
    `A reviewer who finds something wrong chooses <b>${REJECTED}</b>, says what, and updates.`,
  ];
  return `<ul>${points.map((point) => `<li>${point}</li>`).join("")}</ul>`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
