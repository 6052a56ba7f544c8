import { describe, expect, it } from "@jest/globals";

import { parseManifest } from "../../../recovery/vault/manifest.ts";
import { PromiseError } from "../../../services/common/errors.ts";

const INSTANT = "2026-11-23T00:00:00.000Z";
const table = {
  schema: "public",
  name: "posts",
  kind: "app",
  columns: ["id"],
  rows: 1,
  bytes: 2,
  fingerprint: "0".repeat(16),
};
const manifest = (more: object) =>
  Buffer.from(
    JSON.stringify({
      format: "castchat-backup",
      formatVersion: 4,
      backupId: "20261123T000000Z-aaaaaa",
      kind: "full",
      suspicions: [],
      tier: "daily",
      startedAt: INSTANT,
      snapshotAt: INSTANT,
      finishedAt: INSTANT,
      signedBy: "key",
      source: { host: "db", database: "postgres", serverVersion: "17.10", pgDumpVersion: "18.4" },
      extensions: [],
      appSchemas: [],
      parts: [],
      chunks: [],
      files: [],
      tables: [table],
      filledViews: [],
      sequences: [],
      jobs: [],
      publications: [],
      objects: {},
      leftOut: [],
      seedCounts: { users: 0, posts: 1, applications: 0 },
      ...more,
    }),
  );

describe("parseManifest", () => {
  it("reads the format of a table's rows, which was text before version 4", () => {
    const formats = (more: object) => parseManifest(manifest(more)).tables.map(({ format }) => format);
    const tables = ["binary", "text"].map((format) => ({ ...table, format }));
    expect(formats({ tables })).toEqual(["binary", "text"]);
    expect(formats({ formatVersion: 3 })).toEqual(["text"]);
  });

  it.each<[string, object]>([
    ["a newer version", { formatVersion: 5 }],
    ["an older version", { formatVersion: 2 }],
    ["an unknown format of rows", { tables: [{ ...table, format: "json" }] }],
    ["a count below 0", { tables: [{ ...table, rows: -1 }] }],
  ])("refuses %s, and says what it reads", (_, more) => {
    expect(() => parseManifest(manifest(more))).toThrow(PromiseError);
    expect(() => parseManifest(manifest(more))).toThrow(
      /^the manifest is not of format version 4 \((formatVersion|tables\.0)/,
    );
  });

  it("refuses what is not JSON", () => {
    expect(() => parseManifest(Buffer.from("{"))).toThrow("the manifest is not JSON");
  });
});
