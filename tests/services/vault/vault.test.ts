import { createHash, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";

import {
  DeleteObjectCommand,
  GetObjectLegalHoldCommand,
  ListMultipartUploadsCommand,
  PutObjectLegalHoldCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { PromiseError, UserError } from "../../../services/common/errors.ts";
import { realTiming } from "../../../services/common/timing.ts";
import { s3Vault } from "../../../services/vault/s3Vault.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import { startTestCloud, type TestCloud } from "../../recovery/support/cloud.ts";
import { hide, putOver } from "../../recovery/support/inPlace.ts";

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

  it.each([
    ["bytes", (text: string) => Buffer.from(text)],
    ["a stream", (text: string) => Readable.from([Buffer.from(text)])],
    ["a stream of parts", (text: string) => Readable.from(pieces(Buffer.alloc(11 << 20, text), 100_000))],
  ])("writes a key once: the same %s again is success, others are refused and change nothing", async (name, body) => {
    const key = `once/${name}`;
    const first = await vault.put(key, body("a"));
    // What a client sees whose first answer was lost on the way.
    expect(await vault.put(key, body("a"))).toEqual(first);
    const refused = vault.put(key, body("b"));
    await expect(refused).rejects.toThrow(
      `${key} holds other content already, and no object of a vault is written over`,
    );
    await expect(refused).rejects.toBeInstanceOf(PromiseError);
    await expect(vault.put(key, body("more"))).rejects.toBeInstanceOf(PromiseError);
    expect(await vault.versions(key)).toMatchObject([{ versionId: first.versionId }]);
    const { Uploads } = await cloud.s3.send(new ListMultipartUploadsCommand({ Bucket: vault.name }));
    expect(Uploads ?? []).toEqual([]);
  });

  it("may write a key again below a delete marker", async () => {
    await vault.put("once/hidden", Buffer.from("x"));
    await hide(vault, "once/hidden");
    await vault.put("once/hidden", Buffer.from("y"));
    expect(await vault.versions("once/hidden")).toHaveLength(2);
  });

  it("sends a write again that S3 calls in conflict with another one, and says so where that lasts", async () => {
    const answers = [CONFLICT, CONFLICT, OK];
    const seen: (string | undefined)[] = [];
    const s3 = await answering((request) => {
      seen.push(request.headers["if-none-match"]);
      return answers.shift() ?? CONFLICT;
    });
    const at = { bucket: "b", region: cloud.region, endpoint: s3.endpoint };
    expect(await s3Vault(at).put("k", Buffer.from("x"))).toMatchObject({ sizeBytes: 1 });
    expect(seen).toEqual(["*", "*", "*"]);
    await expect(
      s3Vault({ ...at, timing: { ...realTiming, awsPatienceMs: 300 } }).put("k", Buffer.from("x")),
    ).rejects.toThrow("k is being written by something else at the same time");
    await s3.stop();
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
    expect((await vault.list("d/"))[0]!.deletedAt).toBeInstanceOf(Date);
  });

  it("see every version, newest first, and name keys that have several", async () => {
    const { versionId } = await vault.put("f/over", Buffer.from("first"));
    await putOver(vault, "f/over", Buffer.from("second"));
    await vault.put("f/over-and-longer", Buffer.from("x"));
    expect((await vault.versions("f/over")).map(({ sizeBytes }) => sizeBytes)).toEqual([6, 5]);
    const read = async (...more: [string?]) => Buffer.from((await vault.getBytes("f/over", undefined, 9, ...more))!);
    expect((await read()).toString()).toBe("second");
    expect((await read(versionId)).toString()).toBe("first");
    await vault.list("f/");
    expect(["f/over", "f/over-and-longer"].map((key) => vault.passedOver.isSuspect(key))).toEqual([true, false]);
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

describe("legal hold of an object that was written over", () => {
  it("goes to every version, and from every version", async () => {
    const own = await cloud.newVault();
    const { versionId: VersionId } = await own.put("g/over", Buffer.from("good"));
    await putOver(own, "g/over", Buffer.from("garbage"));
    await own.list("g/");
    for (const on of [true, false]) {
      await own.setLegalHold("g/over", on);
      const one = { Bucket: own.name, Key: "g/over", VersionId };
      const { LegalHold } = await cloud.s3.send(new GetObjectLegalHoldCommand(one));
      expect([LegalHold?.Status, await own.hasLegalHold("g/over")]).toEqual([on ? "ON" : "OFF", on]);
    }
    // One that was held before it was written over.
    const held = { Bucket: own.name, Key: "g/over", VersionId, LegalHold: { Status: "ON" as const } };
    await cloud.s3.send(new PutObjectLegalHoldCommand(held));
    expect(await own.hasLegalHold("g/over")).toBe(true);
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

const OK = { status: 200, body: "" };
const CONFLICT = { status: 409, body: "<Error><Code>ConditionalRequestConflict</Code><Message>two</Message></Error>" };

/** A server that answers each request with what the function says. */
async function answering(
  answer: (request: IncomingMessage) => { status: number; body: string },
): Promise<{ endpoint: string; stop(): Promise<void> }> {
  const server = createServer((request, response) => {
    request.resume().once("end", () => {
      const { status, body } = answer(request);
      response.writeHead(status, { "content-type": "application/xml" }).end(body);
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    stop: () =>
      new Promise((done) => {
        server.close(() => {
          done();
        });
        server.closeAllConnections();
      }),
  };
}

function* pieces(content: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}
