import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { DeleteObjectCommand, ListMultipartUploadsCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { PromiseError, UserError } from "../../clients/errors.ts";
import { s3Vault } from "../../clients/vault.ts";
import type { Vault } from "../../clients/vault.ts";
import { startTestCloud } from "../operations/support/cloud.ts";
import type { TestCloud } from "../operations/support/cloud.ts";

let cloud: TestCloud;
let vault: Vault;
beforeAll(async () => {
  cloud = await startTestCloud();
  vault = await cloud.newVault();
});
afterAll(() => cloud.stop());

describe("put", () => {
  it("stores bytes and tells size, SHA-256 and version", async () => {
    const stored = await vault.put("a/small", Buffer.from("hello"));
    expect(stored).toEqual({
      sizeBytes: 5,
      sha256: createHash("sha256").update("hello").digest("hex"),
      versionId: expect.any(String),
    });
    expect(Buffer.from((await vault.getBytes("a/small"))!).toString()).toBe("hello");
  });

  it("gives nothing of an object that is larger than it may be", async () => {
    await vault.put("a/bounded", Buffer.from("hello"));
    expect(Buffer.from((await vault.getBytes("a/bounded", undefined, 5))!).toString()).toBe("hello");
    const tooLarge = vault.getBytes("a/bounded", undefined, 4);
    await expect(tooLarge).rejects.toThrow("a/bounded is damaged: it has 5 bytes instead of at most 4");
    await expect(tooLarge).rejects.toBeInstanceOf(PromiseError);
  });

  it("stores a stream of several parts with the hash of the whole", async () => {
    const content = randomBytes(20 * 1024 * 1024 + 7);
    const stored = await vault.put("a/large", Readable.from(pieces(content, 100_000)));
    expect(stored.sha256).toBe(createHash("sha256").update(content).digest("hex"));
    expect((await buffer((await vault.get("a/large"))!)).equals(content)).toBe(true);
  });

  it("leaves nothing of a stream that fails", async () => {
    async function* failing() {
      yield randomBytes(12 * 1024 * 1024);
      await Promise.resolve();
      throw new Error("the dump failed");
    }
    await expect(vault.put("b/broken", Readable.from(failing()))).rejects.toThrow("the dump failed");
    expect(await vault.list("b/")).toEqual([]);
    const { Uploads } = await cloud.s3.send(new ListMultipartUploadsCommand({ Bucket: vault.name }));
    expect(Uploads ?? []).toEqual([]);
  });

  it("ends an upload that is aborted", async () => {
    const controller = new AbortController();
    async function* endless() {
      for (;;) {
        yield randomBytes(1024 * 1024);
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    const upload = vault.put("b/aborted", Readable.from(endless()), { signal: controller.signal });
    setTimeout(() => controller.abort(new Error("stopped by hand")), 200);
    await expect(upload).rejects.toThrow("stopped by hand");
    expect(await vault.list("b/")).toEqual([]);
  });

  it("locks an object", async () => {
    const { versionId } = await vault.put("c/locked", Buffer.from("x"), {
      lockUntil: new Date(Date.now() + 86_400_000),
    });
    await expect(
      cloud.s3.send(new DeleteObjectCommand({ Bucket: vault.name, Key: "c/locked", VersionId: versionId })),
    ).rejects.toThrow(/denied|protected|lock/i);
  });
});

describe("get and list", () => {
  it("give nothing for what isn't there", async () => {
    expect(await vault.get("nothing")).toBeUndefined();
    expect(await vault.getBytes("nothing")).toBeUndefined();
    expect(await vault.list("nothing")).toEqual([]);
  });

  it("see an object behind the delete marker that lifecycle puts over it", async () => {
    await vault.put("d/expired", Buffer.from("still here"));
    await cloud.s3.send(new DeleteObjectCommand({ Bucket: vault.name, Key: "d/expired" }));
    expect((await vault.list("d/")).map(({ key }) => key)).toEqual(["d/expired"]);
    expect(Buffer.from((await vault.getBytes("d/expired"))!).toString()).toBe("still here");
  });
});

describe("legal hold", () => {
  it("is set and released", async () => {
    await vault.put("e/held", Buffer.from("x"));
    expect(await vault.hasLegalHold("e/held")).toBe(false);
    await vault.setLegalHold("e/held", true);
    expect(await vault.hasLegalHold("e/held")).toBe(true);
    await vault.setLegalHold("e/held", false);
    expect(await vault.hasLegalHold("e/held")).toBe(false);
  });

  it("is seen and released behind the delete marker that lifecycle puts over a held object", async () => {
    const { versionId } = await vault.put("e/expired", Buffer.from("x"));
    await vault.setLegalHold("e/expired", true);
    await cloud.s3.send(new DeleteObjectCommand({ Bucket: vault.name, Key: "e/expired" }));
    expect(await vault.hasLegalHold("e/expired")).toBe(true);
    await vault.setLegalHold("e/expired", false);
    await cloud.s3.send(new DeleteObjectCommand({ Bucket: vault.name, Key: "e/expired", VersionId: versionId }));
    await expect(vault.setLegalHold("e/expired", true)).rejects.toThrow();
  });
});

describe("errors", () => {
  it("name a bucket that doesn't exist", async () => {
    const missing = s3Vault({ bucket: "nowhere-to-be-found", region: cloud.region, endpoint: cloud.endpoint });
    await expect(missing.list("")).rejects.toThrow(
      'There is no vault bucket "nowhere-to-be-found" in ap-northeast-1: run "pulumi up" for its stack, or correct the name.',
    );
    await expect(missing.put("x", Buffer.from("x"))).rejects.toThrow(UserError);
  });

  it("name a region that can't be reached, within 10 seconds", async () => {
    const startedAt = Date.now();
    const gone = s3Vault({ bucket: "vault", region: "ap-northeast-1", endpoint: "http://127.0.0.1:9" });
    await expect(gone.list("")).rejects.toThrow(
      "S3 in ap-northeast-1 at http://127.0.0.1:9 cannot be reached (ECONNREFUSED)",
    );
    await expect(gone.list("")).rejects.toThrow(UserError);
    expect(Date.now() - startedAt).toBeLessThan(10_000);
  });
});

function* pieces(content: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}
