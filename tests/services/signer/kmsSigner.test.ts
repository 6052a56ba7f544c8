import { describe, expect, it } from "@jest/globals";

import { kmsSigner } from "../../../services/signer/kmsSigner.ts";
import { startTestCloud } from "../../recovery/support/cloud.ts";
import { conformsToSigner } from "./conformance.ts";

const ABSENT = "00000000-0000-0000-0000-000000000000";
const unreachable = () => kmsSigner({ keyId: "k", region: "ap-northeast-1", endpoint: "http://127.0.0.1:9" });

conformsToSigner("KMS", async () => {
  const cloud = await startTestCloud();
  return { ...cloud, unreachable, missing: () => kmsSigner({ ...cloud, keyId: ABSENT }) };
});

describe("kmsSigner", () => {
  it("names a key that doesn't exist", async () => {
    const cloud = await startTestCloud();
    await expect(kmsSigner({ ...cloud, keyId: ABSENT }).publicKeyPem()).rejects.toThrow(/signing key "00000000/);
    await cloud.stop();
  });

  it("names a region that can't be reached", () =>
    expect(unreachable().sign(Buffer.from("x"))).rejects.toThrow(
      "KMS in ap-northeast-1 at http://127.0.0.1:9 cannot be reached",
    ));
});
