import { generateKeyPairSync } from "node:crypto";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { UserError } from "../../../services/common/errors.ts";
import { fingerprintOfKey, isSignedByOneOf, kmsSigner } from "../../../services/signer/signer.ts";
import { startTestCloud, type TestCloud } from "../../recovery/support/cloud.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.stop());

const otherKey = generateKeyPairSync("ec", { namedCurve: "P-256" })
  .publicKey.export({ type: "spki", format: "pem" })
  .toString();

describe("kmsSigner", () => {
  it("signs bytes of any length, so that the public key alone can tell", async () => {
    const signer = await cloud.newSigner();
    const pem = await signer.publicKeyPem();
    const bytes = Buffer.alloc(100_000, "manifest");
    const signature = await signer.sign(bytes);
    expect(isSignedByOneOf([otherKey, pem], bytes, signature)).toBe(true);
    expect(isSignedByOneOf([otherKey], bytes, signature)).toBe(false);
    expect(isSignedByOneOf([], bytes, signature)).toBe(false);
    bytes[50_000] = 0;
    expect(isSignedByOneOf([pem], bytes, signature)).toBe(false);
    expect(isSignedByOneOf([pem], bytes, Buffer.from("no signature"))).toBe(false);
    expect(fingerprintOfKey(pem)).toMatch(/^[0-9a-f]{16}$/);
    expect(fingerprintOfKey(pem)).not.toBe(fingerprintOfKey(otherKey));
  });

  it("names a key that doesn't exist", async () => {
    const signer = kmsSigner({
      keyId: "00000000-0000-0000-0000-000000000000",
      region: cloud.region,
      endpoint: cloud.endpoint,
    });
    await expect(signer.sign(Buffer.from("x"))).rejects.toThrow(UserError);
    await expect(signer.publicKeyPem()).rejects.toThrow(/signing key "00000000/);
  });

  it("names a region that can't be reached", async () => {
    const signer = kmsSigner({ keyId: "k", region: "ap-northeast-1", endpoint: "http://127.0.0.1:9" });
    await expect(signer.sign(Buffer.from("x"))).rejects.toThrow(
      "KMS in ap-northeast-1 at http://127.0.0.1:9 cannot be reached",
    );
  });
});
