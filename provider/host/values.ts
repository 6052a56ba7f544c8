import structproto, { type JavaScriptValue, type Struct } from "google-protobuf/google/protobuf/struct_pb.js";

/** Properties in a handler's form: plain values without wrapped secrets or sentinels. */
export type Properties = Record<string, unknown>;

/** Stands for a value that is not known during a preview. */
export const UNKNOWN: unique symbol = Symbol("unknown");

// The engine's wire format: github.com/pulumi/pulumi, sdk/go/common/resource/{sig,plugin}.
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT_SIGNATURE = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const RESOURCE_SIGNATURE = "5cf8f73096256a8f31e491e813e4eb8e";
const UNKNOWN_SENTINEL = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const UNKNOWN_SENTINELS: ReadonlySet<string> = new Set([
  UNKNOWN_SENTINEL,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7", // boolean
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421", // number
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2", // array
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff", // object
  "030794c1-ac77-496b-92df-f27374a8bd58", // asset
  "e48ece36-62e2-4504-bad9-02848725956a", // archive
]);

/** Decoded properties, and what their wrapping said about them. */
export interface Decoded {
  /** Plain values, with {@link UNKNOWN} for values that the engine does not know yet. */
  values: Properties;
  /** Top-level keys with a secret anywhere inside. */
  secretKeys: ReadonlySet<string>;
  /** Top-level keys with an unknown anywhere inside. */
  unknownKeys: ReadonlySet<string>;
}

/** Whether a value is an object that is neither null nor a list. */
export function isRecord(value: unknown): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Decodes properties from the wire. An absent structure is decoded as an empty one. */
export function decode(struct: Struct | undefined): Decoded {
  const values: Properties = {};
  const secretKeys = new Set<string>();
  const unknownKeys = new Set<string>();
  for (const [key, value] of Object.entries(struct?.toJavaScript() ?? {}))
    values[key] = unwrap(value, { secret: () => secretKeys.add(key), unknown: () => unknownKeys.add(key) });
  return { values, secretKeys, unknownKeys };
}

/** Encodes properties for the wire. `undefined` is left out, and values of `secretKeys` are wrapped as secrets. */
export function encode(values: Properties, secretKeys: ReadonlySet<string> = new Set()): Struct {
  const wire: Record<string, JavaScriptValue> = {};
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined) continue;
    const inner = toWire(value);
    wire[key] = secretKeys.has(key) ? { [SIGNATURE]: SECRET_SIGNATURE, value: inner } : inner;
  }
  return structproto.Struct.fromJavaScript(wire);
}

/** Whether two plain values are equal. An absent key equals undefined, and an unknown equals nothing. */
export function same(left: unknown, right: unknown): boolean {
  if (left === UNKNOWN || right === UNKNOWN) return false;
  if (Array.isArray(left) && Array.isArray(right))
    return left.length === right.length && left.every((item, index) => same(item, right[index]));
  if (isRecord(left) && isRecord(right))
    return [...new Set([...Object.keys(left), ...Object.keys(right)])].every((key) => same(left[key], right[key]));
  return Object.is(left, right);
}

/** Whether a value is unknown or holds an unknown. */
export function holdsUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  if (Array.isArray(value)) return value.some(holdsUnknown);
  return isRecord(value) && Object.values(value).some(holdsUnknown);
}

interface Notes {
  secret: () => void;
  unknown: () => void;
}

function unwrap(value: unknown, notes: Notes): unknown {
  if (typeof value === "string" && UNKNOWN_SENTINELS.has(value)) {
    notes.unknown();
    return UNKNOWN;
  }
  if (Array.isArray(value)) return value.map((item) => unwrap(item, notes));
  if (!isRecord(value)) return value;
  switch (value[SIGNATURE]) {
    case SECRET_SIGNATURE:
      notes.secret();
      return unwrap(value["value"], notes);
    case OUTPUT_SIGNATURE:
      if (value["secret"] === true) notes.secret();
      if (value["value"] === undefined) {
        notes.unknown();
        return UNKNOWN;
      }
      return unwrap(value["value"], notes);
    case RESOURCE_SIGNATURE:
      return value["id"] ?? value["urn"];
    default:
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unwrap(item, notes)]));
  }
}

function toWire(value: unknown): JavaScriptValue {
  if (value === UNKNOWN) return UNKNOWN_SENTINEL;
  if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
    // google-protobuf accepts null as a value, though its type for lists and maps doesn't.
    return value as JavaScriptValue;
  }
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map((item) => toWire(item ?? null));
  if (isRecord(value)) {
    const known = Object.entries(value).filter(([, item]) => item !== undefined);
    return Object.fromEntries(known.map(([key, item]) => [key, toWire(item)]));
  }
  throw new TypeError(`A property holds a ${typeof value}, which Pulumi cannot store.`);
}
