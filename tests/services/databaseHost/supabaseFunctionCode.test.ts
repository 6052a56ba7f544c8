import { brotliCompressSync } from "node:zlib";

import { describe, expect, it } from "@jest/globals";

import { eszipOf } from "../../../lab/sandbox/sample/eszip.ts";
import { functionCodeDigest } from "../../../services/databaseHost/supabaseFunctionCode.ts";

const MAIN = "Deno.serve(() => new Response('hello'))";
const BUNDLE = eszipOf({ "file:///src/index.ts": MAIN, "file:///src/日本.ts": Buffer.from([0, 1, 255]) });
const DIGEST = functionCodeDigest(BUNDLE);

describe("the code in an edge function's body", () => {
  it.each<[string, Buffer]>([
    ["compressed, as the CLI uploads it", Buffer.concat([Buffer.from("EZBR"), brotliCompressSync(BUNDLE)])],
    ["with bytes after its end", Buffer.concat([BUNDLE, Buffer.from([0])])],
    [
      "with its modules in another order",
      eszipOf({ "file:///src/日本.ts": Buffer.from([0, 1, 255]), "file:///src/index.ts": MAIN }),
    ],
    ["with checksums", withChecksums(BUNDLE)],
  ])("is the same %s", (_what, body) => {
    expect(body.equals(BUNDLE)).toBe(false);
    expect(functionCodeDigest(body)).toBe(DIGEST);
  });

  it.each<[string, Buffer]>([
    [
      "another source",
      eszipOf({ "file:///src/index.ts": `${MAIN} `, "file:///src/日本.ts": Buffer.from([0, 1, 255]) }),
    ],
    ["another name", eszipOf({ "file:///src/main.ts": MAIN, "file:///src/日本.ts": Buffer.from([0, 1, 255]) })],
    ["a module less", eszipOf({ "file:///src/index.ts": MAIN })],
    ["a lost end", BUNDLE.subarray(0, -9)],
    ["a form that is not known", Buffer.from("ESZIP9.9 and more")],
    ["a damaged compression", Buffer.from("EZBR and more")],
    ["nothing", Buffer.alloc(0)],
  ])("is another with %s", (_what, body) => {
    expect(functionCodeDigest(body)).not.toBe(DIGEST);
    expect(functionCodeDigest(body)).toBe(functionCodeDigest(Buffer.from(body)));
  });
});

/** The same bundle with a checksum of 32 bytes after each checked part. They are not read. */
function withChecksums(bundle: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 8; at < bundle.length; at += 4 + bundle.readUInt32BE(at))
    parts.push(bundle.subarray(at, at + 4 + bundle.readUInt32BE(at)));
  const [, header, npm, sources, maps] = parts as [Buffer, Buffer, Buffer, Buffer, Buffer];
  const sum = Buffer.alloc(32, 7);
  const options = Buffer.concat([Buffer.of(0, 0, 0, 4), Buffer.of(0, 1, 1, 32)]);
  return Buffer.concat([bundle.subarray(0, 8), options, sum, header, sum, npm, sum, sources, maps]);
}
