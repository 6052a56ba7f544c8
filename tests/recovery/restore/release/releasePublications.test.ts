import { describe, expect, it } from "@jest/globals";

import type { Publication } from "../../../../recovery/postgres/catalog/heldBack.ts";
import { planPublication } from "../../../../recovery/restore/release/releasePublications.ts";

const publication = (more: Partial<Publication> = {}): Publication => ({
  name: 'p "x"',
  allTables: false,
  operations: ["insert", "update"],
  viaRoot: false,
  comment: null,
  tables: [],
  schemas: [],
  ...more,
});
const table = (name: string, where: string | null = null) => ({ schema: "public", name, columns: null, where });
const OPTIONS = "publish = 'insert, update', publish_via_partition_root = false";

describe("planPublication", () => {
  it("makes one that is missing, with all that it publishes", () => {
    const tables = [{ schema: "public", name: "t", columns: ["id", "ä"], where: "(id > 0)" }, table("u")];
    const wanted = publication({ comment: "It's", schemas: ["a b"], tables });
    expect(planPublication(wanted, undefined)).toEqual({
      statements: [
        `create publication "p ""x""" for table only "public"."t" ("id", "ä") where ((id > 0)), table only "public"."u", tables in schema "a b" with (${OPTIONS})`,
        `comment on publication "p ""x""" is 'It''s'`,
      ],
      differences: [],
    });
    expect(planPublication(publication({ allTables: true }), undefined).statements).toEqual([
      `create publication "p ""x""" for all tables with (${OPTIONS})`,
    ]);
  });

  it("fills one that publishes nothing yet, its options included", () => {
    const existing = publication({ operations: ["insert", "update", "delete", "truncate"] });
    expect(planPublication(publication({ tables: [table("t")] }), existing)).toEqual({
      statements: [
        `alter publication "p ""x""" add table only "public"."t"`,
        `alter publication "p ""x""" set (${OPTIONS})`,
      ],
      differences: [],
    });
  });

  it("adds what is missing and does not change what differs or is there beside it", () => {
    const existing = publication({ tables: [table("t", "(id > 1)"), table("extra")], schemas: ["s"], viaRoot: true });
    expect(planPublication(publication({ tables: [table("t"), table("u")] }), existing)).toEqual({
      statements: [`alter publication "p ""x""" add table only "public"."u"`],
      differences: [
        "it publishes public.t with other columns or rows",
        "it also publishes public.extra",
        "it also publishes schema s",
        "its options are publish = 'insert, update', publish_via_partition_root = true",
      ],
    });
    expect(planPublication(existing, existing)).toEqual({ statements: [], differences: [] });
  });
});
