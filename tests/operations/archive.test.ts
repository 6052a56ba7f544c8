import { Readable } from "node:stream";
import { describe, expect, it } from "@jest/globals";
import { CopyCounter, countArchivedRows } from "../../operations/archive.ts";

const SCRIPT = Buffer.from(
  [
    "SET row_security = off;",
    'COPY public.posts (id, "a (b)") FROM stdin;',
    "1\tx",
    "2\t\\\\.",
    "",
    "\\.x",
    "\\.",
    "",
    'COPY public."Casting 募集" ("出演者 名") FROM stdin;',
    "\\N",
    "\\.",
    'COPY private."a.""b"" (c)" (id) FROM stdin;',
    "\\.",
    "COPY public.posts (id) FROM stdin;",
    "3",
    "\\.",
    "SELECT pg_catalog.setval('public.x', 1, true);",
    "",
  ].join("\n"),
);
const ROWS = { "public.posts": 5, "public.Casting 募集": 1, 'private.a."b" (c)': 0 };

describe("CopyCounter", () => {
  it("counts the same wherever the stream is cut", () => {
    for (let first = 0; first <= SCRIPT.length; first += 1) {
      for (const second of [first, first + 1, first + 2]) {
        const counter = new CopyCounter();
        for (const chunk of [SCRIPT.subarray(0, first), SCRIPT.subarray(first, second), SCRIPT.subarray(second)])
          counter.read(chunk);
        expect(Object.fromEntries(counter.rows)).toEqual(ROWS);
      }
    }
  });
});

describe("countArchivedRows", () => {
  it("refuses what is no archive", async () => {
    await expect(countArchivedRows(Readable.from([SCRIPT]))).rejects.toThrow(
      /pg_restore failed .*(not.*archive|text format)/s,
    );
    await expect(countArchivedRows(Readable.from([]))).rejects.toThrow("pg_restore failed");
  });

  it("passes on what is wrong with its source", async () => {
    const source = Readable.from(
      (async function* () {
        yield Buffer.from("PGDMP");
        await Promise.resolve();
        throw new Error("the hash is wrong");
      })(),
    );
    await expect(countArchivedRows(source)).rejects.toThrow("the hash is wrong");
  });
});
