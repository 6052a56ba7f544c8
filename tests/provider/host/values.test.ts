import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import structproto from "google-protobuf/google/protobuf/struct_pb.js";

import { decode, encode, holdsUnknown, same, UNKNOWN } from "../../../provider/host/values.ts";

const { Struct } = structproto;
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const secret = (value: unknown) => ({ [SIGNATURE]: "1b47061264138c4ac30d75fd1eb44270", value });
const output = (fields: object) => ({ [SIGNATURE]: "d0e6a833031e9bbcd3f4e8bde6ca49a4", ...fields });
const SENTINEL = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

describe("decode", () => {
  it("unwraps secrets at any depth, and names their top-level keys", () => {
    const wire = { plain: "a", token: secret("hush"), list: [{ deep: secret({ x: 1 }) }] };
    const { values, secretKeys, unknownKeys } = decode(Struct.fromJavaScript(wire));
    expect(values).toEqual({ plain: "a", token: "hush", list: [{ deep: { x: 1 } }] });
    expect(secretKeys).toEqual(new Set(["list", "token"]));
    expect([...unknownKeys]).toEqual([]);
  });

  it("decodes every kind of unknown: sentinels, secret ones, outputs without a value", () => {
    const wire = {
      a: SENTINEL,
      b: ["x", SENTINEL],
      c: secret(SENTINEL),
      d: output({ secret: true }),
      e: output({ value: 7 }),
    };
    const { values, secretKeys, unknownKeys } = decode(Struct.fromJavaScript(wire));
    expect(values).toEqual({ a: UNKNOWN, b: ["x", UNKNOWN], c: UNKNOWN, d: UNKNOWN, e: 7 });
    expect([...unknownKeys]).toEqual(["a", "b", "c", "d"]);
    expect([...secretKeys]).toEqual(["c", "d"]);
  });

  it("decodes an absent structure as an empty one", () => {
    expect(decode(undefined).values).toEqual({});
  });
});

describe("encode", () => {
  it("encodes what decode has read", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })),
        fc.func(fc.boolean()),
        (properties, isSecret) => {
          // JSON has no -0, and a key of this name is not a property in JavaScript.
          const values = JSON.parse(JSON.stringify(properties)) as Record<string, unknown>;
          fc.pre(!JSON.stringify(values).includes("__proto__"));
          const secretKeys = new Set(Object.keys(values).filter((key) => isSecret(key)));
          const back = decode(encode(values, secretKeys));
          expect(back.values).toEqual(values);
          expect(back.secretKeys).toEqual(secretKeys);
        },
      ),
    );
  });

  it("leaves undefined out, sends unknowns as sentinels, and refuses what cannot be stored", () => {
    expect(encode({ a: undefined, b: UNKNOWN, c: { d: undefined, e: null } }).toJavaScript()).toEqual({
      b: SENTINEL,
      c: { e: null },
    });
    expect(() => encode({ f: () => 1 })).toThrow("A property holds a function, which Pulumi cannot store.");
  });
});

describe("same", () => {
  it("compares by content; absent is undefined; an unknown equals nothing", () => {
    expect(same({ a: [1, { b: "x" }] }, { a: [1, { b: "x" }], c: undefined })).toBe(true);
    expect(same({ a: [1, 2] }, { a: [2, 1] })).toBe(false);
    expect(same([], {})).toBe(false);
    expect(same({ a: null }, {})).toBe(false);
    expect(same(UNKNOWN, UNKNOWN)).toBe(false);
    expect(holdsUnknown({ a: [{ b: UNKNOWN }] })).toBe(true);
    expect(holdsUnknown({ a: [{ b: 1 }] })).toBe(false);
  });
});
