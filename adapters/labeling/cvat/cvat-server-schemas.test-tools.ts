import { Ajv, type ValidateFunction } from "ajv";
import { Type, type TSchema } from "typebox";

/**
 * What CVAT's serializers take (server 2.15 to 2.80 and its OpenAPI schema): required fields, types, ranges and choices. One thing is stricter here:
 * the real ones pass over fields that they do not know, and here those are refused, so that a misspelt name is found.
 */

const ajv = new Ajv({ strict: false, allErrors: true });
const closed = { additionalProperties: false } as const;
const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const oneOf = (values: string[]) => Type.Enum(values);
const id = Type.Integer({ minimum: 0 });
const text = (maxLength: number, minLength = 0) => Type.String({ minLength, maxLength });

const attribute = Type.Object(
  { id: Type.Optional(id), name: text(64, 1), mutable: Type.Boolean(), input_type: oneOf(["checkbox", "radio", "number", "text", "select"]), default_value: Type.Optional(text(128)), values: Type.Array(text(200)) },
  closed,
);
const labelTypes = oneOf(["any", "cuboid", "ellipse", "mask", "points", "polygon", "polyline", "rectangle", "skeleton", "tag"]);
const sublabel = { id: Type.Optional(id), name: text(64, 1), color: Type.Optional(Type.String()), attributes: Type.Optional(Type.Array(attribute)), type: Type.Optional(labelTypes) };
const label = Type.Object({ ...sublabel, deleted: Type.Optional(Type.Boolean()), svg: Type.Optional(Type.String()), sublabels: Type.Optional(Type.Array(Type.Object(sublabel, closed))) }, closed);

const attributeVal = Type.Object({ spec_id: Type.Integer(), value: text(4096) }, closed);
const shapeTypes = oneOf(["rectangle", "polygon", "polyline", "points", "ellipse", "cuboid", "mask", "skeleton"]);
const position = {
  type: shapeTypes,
  occluded: Type.Optional(Type.Boolean()),
  outside: Type.Optional(Type.Boolean()),
  z_order: Type.Optional(Type.Integer()),
  rotation: Type.Optional(Type.Number({ minimum: 0, maximum: 360 })),
  points: Type.Optional(Type.Array(Type.Number())),
  frame: id,
  attributes: Type.Optional(Type.Array(attributeVal)),
  id: Type.Optional(nullable(Type.Integer())),
};
const annotation = { frame: id, label_id: id, group: Type.Optional(nullable(id)), source: Type.Optional(Type.String({ minLength: 1 })), id: Type.Optional(nullable(Type.Integer())), attributes: Type.Optional(Type.Array(attributeVal)) };
const shape = { ...position, ...annotation, score: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })) };
const track = { ...annotation, shapes: Type.Array(Type.Object(position, closed)) };
const labeledData = {
  version: Type.Optional(Type.Integer()),
  tags: Type.Optional(Type.Array(Type.Object(annotation, closed))),
  shapes: Type.Optional(Type.Array(Type.Object({ ...shape, elements: Type.Optional(Type.Array(Type.Object(shape, closed))) }, closed))),
  tracks: Type.Optional(Type.Array(Type.Object({ ...track, elements: Type.Optional(Type.Array(Type.Object(track, closed))) }, closed))),
};

const webhook = {
  target_url: text(8192, 1),
  description: Type.Optional(text(128)),
  content_type: Type.Optional(oneOf(["application/json"])),
  secret: Type.Optional(text(64)),
  is_active: Type.Optional(Type.Boolean()),
  enable_ssl: Type.Optional(Type.Boolean()),
};
/** Of a project's webhooks. */
const events = Type.Array(oneOf(["task", "job", "issue", "comment"].flatMap((resource) => ["create", "update", "delete"].map((action) => `${action}:${resource}`)).concat("update:project", "delete:project")), { minItems: 1 });

const SCHEMAS = {
  project: Type.Object({ name: text(256, 1), labels: Type.Optional(Type.Array(label)), owner_id: Type.Optional(nullable(id)), assignee_id: Type.Optional(nullable(id)), bug_tracker: Type.Optional(text(2000)) }, closed),
  task: Type.Object(
    { name: text(256, 1), project_id: Type.Optional(nullable(id)), owner_id: Type.Optional(nullable(id)), assignee_id: Type.Optional(nullable(id)), bug_tracker: Type.Optional(text(2000)), overlap: Type.Optional(nullable(id)), segment_size: Type.Optional(id), labels: Type.Optional(Type.Array(label)), subset: Type.Optional(text(64)) },
    closed,
  ),
  taskPatch: Type.Object({ name: Type.Optional(text(256, 1)), owner_id: Type.Optional(nullable(id)), assignee_id: Type.Optional(nullable(id)), bug_tracker: Type.Optional(text(2000)), subset: Type.Optional(text(64)) }, closed),
  data: Type.Object(
    {
      chunk_size: Type.Optional(nullable(Type.Integer({ minimum: 1 }))),
      image_quality: Type.Integer({ minimum: 1, maximum: 100 }),
      start_frame: Type.Optional(id),
      stop_frame: Type.Optional(id),
      frame_filter: Type.Optional(Type.String({ pattern: "step\\s*=\\s*([1-9]\\d*)" })),
      use_zip_chunks: Type.Optional(Type.Boolean()),
      use_cache: Type.Optional(Type.Boolean()),
      copy_data: Type.Optional(Type.Boolean()),
      storage_method: Type.Optional(oneOf(["cache", "file_system"])),
      sorting_method: Type.Optional(oneOf(["lexicographical", "natural", "predefined", "random"])),
      upload_file_order: Type.Optional(Type.Array(text(1024))),
    },
    closed,
  ),
  metaPatch: Type.Object({ deleted_frames: Type.Array(id) }, closed),
  labeledData: Type.Object(labeledData, closed),
  job: Type.Object({ assignee: Type.Optional(nullable(id)), stage: Type.Optional(oneOf(["annotation", "validation", "acceptance"])), state: Type.Optional(oneOf(["new", "in progress", "completed", "rejected"])) }, closed),
  issue: Type.Object({ frame: id, position: Type.Array(Type.Number(), { minItems: 1 }), job: id, message: Type.String({ minLength: 1 }), assignee: Type.Optional(nullable(id)), resolved: Type.Optional(Type.Boolean()) }, closed),
  issuePatch: Type.Object({ position: Type.Optional(Type.Array(Type.Number(), { minItems: 1 })), assignee: Type.Optional(nullable(id)), resolved: Type.Optional(Type.Boolean()) }, closed),
  comment: Type.Object({ issue: id, message: Type.Optional(Type.String({ minLength: 1 })) }, closed),
  webhook: Type.Object({ ...webhook, type: oneOf(["organization", "project"]), project_id: Type.Optional(nullable(id)), events }, closed),
  webhookPatch: Type.Object({ ...Type.Partial(Type.Object(webhook)).properties, events: Type.Optional(events) }, closed),
};

const compiled = new Map<keyof typeof SCHEMAS, ValidateFunction>();

/** What the serializer says of this body: null where it takes it, else what CVAT answers with 400. */
export function problemsOf(name: keyof typeof SCHEMAS, body: unknown): Record<string, string[]> | null {
  const validate = compiled.get(name) ?? ajv.compile(SCHEMAS[name]);
  compiled.set(name, validate);
  if (validate(body)) return null;
  const found: Record<string, string[]> = {};
  for (const { instancePath, params, message, keyword } of validate.errors ?? []) {
    const missing = keyword === "required" ? (params as { missingProperty: string }).missingProperty : keyword === "additionalProperties" ? (params as { additionalProperty: string }).additionalProperty : "";
    const field = `${instancePath}/${missing}`.split("/").filter((part) => part !== "").join(".") || "non_field_errors";
    (found[field] ??= []).push(keyword === "required" ? "This field is required." : (message ?? keyword));
  }
  return found;
}
