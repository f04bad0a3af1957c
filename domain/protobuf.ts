/** The wire format of Protocol Buffers, as ONNX files have it: messages as lists of their fields, read and written without their schema. */

export interface Field {
  number: number;
  /** 0: a varint; 1: eight bytes; 2: a length and so many bytes; 5: four bytes. */
  wireType: number;
  /** The value of a varint field, else 0. */
  value: number;
  /** The content of a length-delimited field, else empty. */
  bytes: Uint8Array;
  /** What a field of another kind is written as. */
  raw: Uint8Array;
}

const NOTHING = new Uint8Array(0);

/** The fields of one message, in order; contents are views, not copies. Throws Error for what is no message. */
export function fieldsOf(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at];
      if (byte === undefined || scale > 2 ** 63) throw new Error("not an ONNX model: it is cut off or damaged");
      at += 1;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const field: Field = { number: Math.floor(tag / 8), wireType: tag & 7, value: 0, bytes: NOTHING, raw: NOTHING };
    const from = at;
    if (field.wireType === 0) field.value = varint();
    else if (field.wireType === 2) {
      const length = varint();
      field.bytes = bytes.subarray(at, at + length);
      at += length;
    } else if (field.wireType === 1) at += 8;
    else if (field.wireType === 5) at += 4;
    else throw new Error("not an ONNX model");
    if (at > bytes.length) throw new Error("not an ONNX model: it is cut off");
    if (field.wireType !== 2) field.raw = bytes.subarray(from, at);
    fields.push(field);
  }
  return fields;
}

export const all = (fields: Field[], number: number): Field[] => fields.filter((field) => field.number === number);
export const first = (fields: Field[], number: number): Field[] => {
  const found = fields.find((field) => field.number === number);
  return found === undefined ? [] : fieldsOf(found.bytes);
};
export const textOf = (fields: Field[], number: number): string => new TextDecoder().decode(fields.find((field) => field.number === number)?.bytes);

/** What `fieldsOf` reads. */
export function bytesOf(fields: readonly Field[]): Uint8Array<ArrayBuffer> {
  const parts = fields.flatMap(({ number, wireType, bytes, raw }) => (wireType === 2 ? [varintOf(number * 8 + 2), varintOf(bytes.length), bytes] : [varintOf(number * 8 + wireType), raw]));
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A field with a whole number; a negative one as 64 bits, as int32 and int64 have it. */
export const numberField = (number: number, value: number): Field => ({ number, wireType: 0, value, bytes: NOTHING, raw: varintOf(value) });
/** A field with text, bytes, or a message. */
export const contentField = (number: number, content: string | Uint8Array | readonly Field[]): Field => ({
  number,
  wireType: 2,
  value: 0,
  bytes: typeof content === "string" ? new TextEncoder().encode(content) : content instanceof Uint8Array ? content : bytesOf(content),
  raw: NOTHING,
});

function varintOf(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    bytes.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}
