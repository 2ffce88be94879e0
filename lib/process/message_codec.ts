// Messages between parent and child are JSON, with two additions that training needs: numbers that are not finite (a loss of
// NaN must not arrive as null) and typed arrays (as base64). What JSON would change silently is refused with its path.

import { Buffer } from "node:buffer";

const TYPED_ARRAYS = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  BigInt64Array,
  BigUint64Array,
  Float32Array,
  Float64Array,
};
type TypedArrayName = keyof typeof TYPED_ARRAYS;

const NUMBER_KEY = "$number";
const ARRAY_KEY = "$typedArray";

/**
 * A message as one line of JSON.
 *
 * @throws {TypeError} naming the path of a function, symbol, bigint, Map, class instance, cycle, or of a key that
 * stands for the additions ("$number", "$typedArray")
 */
export function encodeMessage(message: unknown): string {
  return JSON.stringify(encode(message, "message", []));
}

/** The message in a line made by `encodeMessage`. */
export function decodeMessage(line: string): unknown {
  return JSON.parse(line, (_key, value) => {
    if (value === null || typeof value !== "object") return value;
    if (typeof value[NUMBER_KEY] === "string") return Number(value[NUMBER_KEY]);
    if (typeof value[ARRAY_KEY] === "string") return decodeTypedArray(value[ARRAY_KEY], value.base64);
    return value;
  });
}

function encode(value: unknown, path: string, parents: object[]): unknown {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") {
    const isPlain = Number.isFinite(value) && !Object.is(value, -0);
    return isPlain ? value : { [NUMBER_KEY]: Object.is(value, -0) ? "-0" : String(value) };
  }
  if (value === undefined && parents.length === 0) throw refusal(path, "undefined");
  if (typeof value !== "object") throw refusal(path, typeof value);
  if (parents.includes(value)) throw refusal(path, "a cycle");
  if (ArrayBuffer.isView(value)) return encodeTypedArray(value, path);
  const inside = [...parents, value];
  if (Array.isArray(value)) return Array.from(value, (item, i) => encode(item, `${path}[${i}]`, inside));
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) throw refusal(path, prototype.constructor?.name);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.map(([key, item]) => {
    if (key === NUMBER_KEY || key === ARRAY_KEY) throw refusal(`${path}.${key}`, "a reserved key");
    return [key, encode(item, `${path}.${key}`, inside)];
  }));
}

function encodeTypedArray(view: ArrayBufferView, path: string): Record<string, string> {
  const name = view.constructor.name;
  if (!Object.hasOwn(TYPED_ARRAYS, name) && name !== "Float16Array" && name !== "Buffer") throw refusal(path, name);
  const bytes = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
  return { [ARRAY_KEY]: name === "Buffer" ? "Uint8Array" : name, base64: bytes.toString("base64") };
}

function decodeTypedArray(name: string, base64: string): ArrayBufferView {
  const bytes = Buffer.from(base64, "base64");
  const buffer = new ArrayBuffer(bytes.byteLength); // a Buffer may start anywhere in a pool, where a Float64Array cannot
  new Uint8Array(buffer).set(bytes);
  if (Object.hasOwn(TYPED_ARRAYS, name)) return new TYPED_ARRAYS[name as TypedArrayName](buffer);
  // Built in from V8 13 on; Node 20 can pass such an array on, but not receive one.
  const half = (globalThis as { Float16Array?: new (buffer: ArrayBuffer) => ArrayBufferView }).Float16Array;
  if (name === "Float16Array" && half !== undefined) return new half(buffer);
  throw new TypeError(`Cannot decode a message: expected a known typed array, got ${name}`);
}

function refusal(path: string, got: string | undefined): TypeError {
  return new TypeError(
    `Cannot send: expected ${path} to be JSON or a typed array, got ${got ?? "an object of a class"}`,
  );
}
