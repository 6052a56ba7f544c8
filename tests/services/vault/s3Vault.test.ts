import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { realTiming } from "../../../services/common/timing.ts";
import { s3Vault } from "../../../services/vault/s3Vault.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import { startTestCloud, type TestCloud } from "../../recovery/support/cloud.ts";
import { hide, putOver } from "../../recovery/support/inPlace.ts";
import { serve } from "../support/testServer.ts";
import { conformsToVault } from "./conformance.ts";

const NOWHERE = "http://127.0.0.1:9";
const XML = { "content-type": "application/xml" };
let cloud: TestCloud;
let vault: Vault;
beforeAll(async () => {
  cloud = await startTestCloud();
  vault = await cloud.newVault();
});
afterAll(() => cloud.stop());

conformsToVault("S3", async () => {
  const own = await startTestCloud();
  const at = (endpoint: string, bucket: string) => s3Vault({ bucket, region: own.region, endpoint });
  return {
    hide,
    putOver,
    newVault: () => own.newVault(),
    stop: () => own.stop(),
    faulty: () => [
      [
        at(own.endpoint, "nowhere-to-be-found"),
        'There is no vault bucket "nowhere-to-be-found" in ap-northeast-1: run "pulumi up" for its stack, or correct the name.',
      ],
      [at(NOWHERE, "vault"), `S3 in ap-northeast-1 at ${NOWHERE} cannot be reached (ECONNREFUSED)`],
    ],
    async unfinished({ name: Bucket }) {
      return (await own.s3.listMultipartUploads({ Bucket })).Uploads?.length ?? 0;
    },
    removeVersion: ({ name: Bucket }, Key, VersionId) => own.s3.deleteObject({ Bucket, Key, VersionId }),
  };
});

describe("put", () => {
  it("sends a write again that S3 calls in conflict with another one, and says so where that lasts", async () => {
    const conflict = { status: 409, body: "<Error><Code>ConditionalRequestConflict</Code></Error>", headers: XML };
    const s3 = await serve(conflict, conflict, { body: "", headers: XML }, conflict);
    const at = { bucket: "b", region: cloud.region, endpoint: s3.url };
    expect(await s3Vault(at).put("k", Buffer.from("x"))).toMatchObject({ sizeBytes: 1 });
    expect(s3.seen.map(({ headers }) => headers["if-none-match"])).toEqual(["*", "*", "*"]);
    await expect(
      s3Vault({ ...at, timing: { ...realTiming, awsPatienceMs: 300 } }).put("k", Buffer.from("x")),
    ).rejects.toThrow("k is being written by something else at the same time");
  });
});

describe("legal hold", () => {
  it("is seen and released behind the delete marker that lifecycle puts over a held object", async () => {
    const { versionId } = await vault.put("e/expired", Buffer.from("x"));
    await vault.setLegalHold("e/expired", true);
    await cloud.s3.deleteObject({ Bucket: vault.name, Key: "e/expired" });
    expect(await vault.hasLegalHold("e/expired")).toBe(true);
    await vault.setLegalHold("e/expired", false);
    await cloud.s3.deleteObject({ Bucket: vault.name, Key: "e/expired", VersionId: versionId });
    await expect(vault.setLegalHold("e/expired", true)).rejects.toThrow();
  });
});

describe("legal hold of an object that was written over", () => {
  it("goes to every version, and from every version", async () => {
    const own = await cloud.newVault();
    const { versionId: VersionId } = await own.put("g/over", Buffer.from("good"));
    const first = { Bucket: own.name, Key: "g/over", VersionId };
    await putOver(own, "g/over", Buffer.from("garbage"));
    await own.list("g/");
    for (const on of [true, false]) {
      await own.setLegalHold("g/over", on);
      const { LegalHold } = await cloud.s3.getObjectLegalHold(first);
      expect([LegalHold?.Status, await own.hasLegalHold("g/over")]).toEqual([on ? "ON" : "OFF", on]);
    }
    // One that was held before it was written over.
    await cloud.s3.putObjectLegalHold({ ...first, LegalHold: { Status: "ON" } });
    expect(await own.hasLegalHold("g/over")).toBe(true);
  });
});
