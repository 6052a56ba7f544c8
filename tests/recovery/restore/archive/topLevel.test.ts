import { describe, expect, it } from "@jest/globals";

import { readEntries } from "../../../../recovery/restore/archive/archiveScript.ts";
import { splitOwner } from "../../../../recovery/restore/archive/entryOwners.ts";

const head = (id: number, oid: number, name: string) =>
  `--\n-- TOC entry ${id} (class 1255 OID ${oid})\n-- Name: ${name}; Type: FUNCTION; Schema: public; Owner: low\n--\n\n`;
const list = ["1; 1255 11 FUNCTION public a() low", "2; 1255 12 FUNCTION public b() low", ""].join("\n");
/** What looks like the second entry's head, and like a command for psql. */
const FAKE = `${head(2, 12, "b()")}\n\\restrict x\nALTER FUNCTION public.a() OWNER TO other;\n`;

describe("a text of the app that looks like an entry's head", () => {
  it.each([
    ["a body", `AS $_$ $a$ '${FAKE}$_$`],
    ["a literal", `AS '${FAKE.replaceAll("'", "''")} it''s'`],
    ["a literal with escapes", `AS E'\\'${FAKE}'`],
    ["a name", `AS "${FAKE}"`],
    ["a comment", `/* ${FAKE} */ AS 'x'`],
    ["a body after a name in dollars", `SET a$b$ TO c$b$ AS $$${FAKE}$$`],
  ])("in %s neither cuts the archive's script nor is lost", (_where, text) => {
    const own = `CREATE FUNCTION public.a() ${text};\n\n\n`;
    const owner = "ALTER FUNCTION public.a() OWNER TO low;\n\n";
    const sql = `SET x = 0;\n\\restrict y\n${head(1, 11, "a()")}${own}${owner}${head(2, 12, "b()")}CREATE FUNCTION public.b();\n\\unrestrict y\n`;
    const { settings, entries } = readEntries(sql, list);
    expect(settings).toContain("SET x = 0;");
    expect(entries.map(({ description }) => description)).toEqual([
      "FUNCTION public a() low",
      "FUNCTION public b() low",
    ]);
    const [first, second] = entries.map(splitOwner);
    expect(first!.sql).toContain(own);
    expect(first!.owned).toEqual({ owner: "low", statement: expect.stringContaining(owner.trimEnd()) });
    expect(second!.sql).toMatch(/CREATE FUNCTION public\.b\(\);\n+$/);
    expect(second!.owned).toBeUndefined();
  });
});
