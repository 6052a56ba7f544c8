import { describe, expect, it } from "@jest/globals";

import { refuseNullSecrets } from "../../../recovery/configuration/nullSecrets.ts";

const MARK = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
const sealedAs = (json: string) => {
  const bytes = Buffer.alloc(Buffer.byteLength(json) + 16).toString("base64");
  return { ...MARK, ciphertext: `v1:bm9uY2U=:${bytes}` };
};
const stateOf = (outputs: Record<string, object>) => ({
  version: 3,
  deployment: { resources: [{ urn: "urn:pulumi:prod::p::t::name", outputs }] },
});
const check = (outputs: Record<string, object>) => () => refuseNullSecrets(stateOf(outputs));

describe("the secrets of a state", () => {
  it("have values, also where some are as short as null", () => {
    expect(
      check({ a: sealedAs('"a long value"'), b: sealedAs("true"), c: { ...MARK, plaintext: '"x"' } }),
    ).not.toThrow();
    expect(check({ a: { ...MARK, ciphertext: "AAABADjwqpv" }, plain: {} })).not.toThrow();
    expect(check({})).not.toThrow();
  });

  it.each<[string, Record<string, object>]>([
    ["the word null", { a: { ...MARK, plaintext: "null" }, b: sealedAs('"a long value"') }],
    ["no ciphertext", { a: MARK, b: sealedAs('"a long value"') }],
  ])("are refused with %s", (_, outputs) => {
    expect(check(outputs)).toThrow(/^1 of 2 secrets in the state are null \(urn:pulumi:prod::p::t::name outputs a\)/);
  });

  it("are refused if all of them are as long as null", () => {
    const many = Object.fromEntries(["a", "b", "c", "d"].map((name) => [name, sealedAs("null")]));
    expect(check(many)).toThrow(/^4 of 4 secrets .*outputs a, .*outputs b, .*outputs c and 1 more\), so a restore/);
  });
});
