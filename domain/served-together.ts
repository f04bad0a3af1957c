import type { OnnxFile, OnnxValue } from "./onnx-file.ts";

/**
 * One description of several versions of a model, as a server needs it that has one configuration for all of them: sizes in which
 * they differ are free. null where that does not do: other names or types, or one takes any batch and another does not.
 */
export function servedTogether(files: OnnxFile[]): Pick<OnnxFile, "inputs" | "outputs"> | null {
  const [first, ...others] = files;
  if (first === undefined) return null;
  const inputs = others.reduce<OnnxValue[] | null>((merged, { inputs: next }) => merge(merged, next), first.inputs);
  const outputs = others.reduce<OnnxValue[] | null>((merged, { outputs: next }) => merge(merged, next), first.outputs);
  return inputs === null || outputs === null ? null : { inputs, outputs };
}

function merge(ours: OnnxValue[] | null, theirs: OnnxValue[]): OnnxValue[] | null {
  if (ours === null || ours.length !== theirs.length) return null;
  const merged = ours.map((a, i) => {
    const b = theirs[i]!;
    if (a.name !== b.name || a.elementType !== b.elementType || a.dims.length !== b.dims.length || a.dims[0] !== b.dims[0]) return null;
    return { ...a, dims: a.dims.map((dim, axis) => (dim === b.dims[axis] ? dim : null)) };
  });
  return merged.every((value) => value !== null) ? merged : null;
}
