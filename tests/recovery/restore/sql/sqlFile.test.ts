import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "@jest/globals";

import { sqlFile } from "../../../../recovery/restore/sql/sqlFile.ts";

const FOLDER = fileURLToPath(new URL("../../../../recovery/restore/sql/", import.meta.url));
const files = readdirSync(FOLDER).filter((name) => name.endsWith(".sql"));
const values = { aside: "a", from: "b", to: "c", schema: "d", table: "e" };

describe("files of SQL", () => {
  it.each(files)("%s has a value for each of its names", (file) => {
    const text = sqlFile(file.replace(/\.sql$/, ""))(values);
    expect(text).not.toMatch(/\{\{|\}\}|(?<!:):['"]/);
    expect(text.trim()).not.toBe("");
  });

  it("quote values as literals and as identifiers", () => {
    const copy = sqlFile("copyLargeObjects")({ schema: 'Lager "1"', table: "it's" });
    expect(copy).toContain(`create table "Lager ""1"""."it's" as`);
    const move = sqlFile("moveObjects")({ from: `it's`, to: String.raw`a\b` });
    expect(move).toContain("nspname = 'it''s')");
    expect(move).toContain(String.raw`E'a\\b'`);
  });

  it("refuse a name without a value, and a file that is not there", () => {
    expect(() => sqlFile("moveObjects")({ from: "a" })).toThrow('moveObjects.sql asks for "to", which has no value');
    expect(() => sqlFile("none")).toThrow("ENOENT");
  });
});
