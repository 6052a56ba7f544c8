import { expect, test } from "@jest/globals";

import { readEntries } from "../../../../recovery/restore/archive/archiveScript.ts";

/** An archive's list and script, of entries by their description and what each depends on. */
function archiveOf(entries: Record<number, [description: string, ...needs: number[]]>): { list: string; sql: string } {
  const all = Object.entries(entries);
  const needed = (needs: readonly number[]) => needs.map((id) => ` ${id}`).join("");
  const list = all.map(
    ([id, [description, ...needs]]) =>
      `${id}; 1259 ${id} ${description} low\n` + (needs.length > 0 ? `;\tdepends on:${needed(needs)}\n` : ""),
  );
  const sql = all.map(
    ([id, [description, ...needs]]) =>
      `--\n-- TOC entry ${id} (class 1259 OID ${id})\n` +
      (needs.length > 0 ? `-- Dependencies:${needed(needs)}\n` : "") +
      `-- Name: x; Type: x; Schema: public; Owner: low\n--\n\n${description};\n\n\n`,
  );
  return { list: list.join(""), sql: sql.join("") };
}

test("an entry locks the tables that it needs, with their partitions at every level", () => {
  const { list, sql } = archiveOf({
    1: ["TABLE public posts"],
    2: ["TABLE public posts_2026", 1],
    3: ["TABLE public posts_2026_11", 2],
    4: ["TABLE public people"],
    5: ["TABLE ATTACH public posts_2026", 2, 1],
    6: ["TABLE ATTACH public posts_2026_11", 3, 2],
    7: ["CONSTRAINT public people people_pkey", 4],
    8: ["INDEX public posts_created", 1],
    9: ["FK CONSTRAINT public posts posts_author", 1, 4, 7],
  });
  const { entries } = readEntries(sql, list);
  const locks = Object.fromEntries(entries.map((entry) => [entry.id, entry.locks]));
  expect(entries.map(({ needs }) => needs)).toEqual([[], [1], [2], [], [2, 1], [3, 2], [4], [1], [1, 4, 7]]);
  expect(locks).toMatchObject({ 1: [], 2: [], 3: [], 7: [4], 8: [], 9: [1, 2, 3, 4] });
});
