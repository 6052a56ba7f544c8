import { hash } from "node:crypto";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

import { describe, expect, it } from "@jest/globals";

import type { Manifest } from "../../../recovery/vault/manifest.ts";
import { readBack } from "../../../recovery/vault/readBack.ts";
import { PassedOver } from "../../../services/vault/passedOver.ts";
import type { Vault } from "../../../services/vault/vault.ts";

const CONTENT = Buffer.from("a picture");
const sha256 = hash("sha256", CONTENT);
const FILES = 60;

/** A backup that only holds storage objects. */
const manifest = {
  parts: [],
  chunks: [],
  tables: [],
  files: Array.from({ length: FILES }, (_, index) => ({
    key: `daily/x/files/${index}`,
    origin: "storage",
    name: `pictures/${index}.png`,
    contentType: "image/png",
    sizeBytes: CONTENT.length,
    sha256,
    contentBytes: CONTENT.length,
    contentSha256: sha256,
  })),
} as unknown as Manifest;

describe("readBack", () => {
  it("reads many storage objects at once, since one by one would take longer than a run may", async () => {
    let [reading, most, read] = [0, 0, 0];
    const vault = {
      name: "slow",
      passedOver: new PassedOver(),
      async get() {
        most = Math.max(most, ++reading);
        await sleep(20);
        reading -= 1;
        read += 1;
        return Readable.from([CONTENT]);
      },
    } as unknown as Vault;
    await readBack({ vault, manifest });
    expect(read).toBe(FILES);
    expect(most).toBeGreaterThanOrEqual(8);
    expect(most).toBeLessThanOrEqual(16);
  });

  it("reports each object that is damaged", async () => {
    const vault = {
      name: "damaged",
      passedOver: new PassedOver(),
      versions: () => Promise.resolve([]),
      get: (key: string) => Promise.resolve(Readable.from([key.endsWith("/7") ? Buffer.from("a picturf") : CONTENT])),
    } as unknown as Vault;
    const faults: string[] = [];
    await readBack({ vault, manifest }, undefined, { onFault: ({ message }) => void faults.push(message) });
    expect(faults).toEqual(["daily/x/files/7 is damaged: its SHA-256 is not the manifest's"]);
    await expect(readBack({ vault, manifest })).rejects.toThrow("daily/x/files/7 is damaged");
  });
});
