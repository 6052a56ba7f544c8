import { Readable } from "node:stream";

import { describe, expect, it } from "@jest/globals";

import { checkArchive } from "../../../recovery/vault/archive.ts";

describe("checkArchive", () => {
  it("refuses what is not an archive", async () => {
    await expect(checkArchive(Readable.from([Buffer.from("SET row_security = off;\n")]))).rejects.toThrow(
      /pg_restore failed .*(not.*archive|text format)/s,
    );
    await expect(checkArchive(Readable.from([]))).rejects.toThrow("pg_restore failed");
  });

  it("passes on an error of its source", async () => {
    const source = Readable.from(
      (async function* () {
        yield Buffer.from("PGDMP");
        await Promise.resolve();
        throw new Error("the hash is wrong");
      })(),
    );
    await expect(checkArchive(source)).rejects.toThrow("the hash is wrong");
  });
});
