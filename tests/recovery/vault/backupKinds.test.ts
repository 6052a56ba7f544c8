import { describe, expect, it } from "@jest/globals";

import { BACKUP_KINDS, KINDS } from "../../../recovery/vault/backupKinds.ts";

describe("the kinds of backup", () => {
  it("hold these parts", () => {
    const held = BACKUP_KINDS.map((kind) => {
      const { rows, dump, isWhole, serves, ...flags } = KINDS[kind];
      const names = Object.entries(flags).flatMap(([name, holds]) => (holds ? [name] : []));
      return [kind, rows, dump?.part ?? "", names.join(" "), isWhole, serves.join(" ")];
    });
    expect(held).toEqual([
      [
        ...["full", "all", "schema.dump"],
        "database definitions largeObjects vaultSecrets configuration project",
        ...[true, "everything definitions rows"],
      ],
      ["schema-only", "none", "schema.dump", "database definitions", false, "definitions"],
      ["data-only", "all", "large-objects.dump", "database largeObjects", false, "rows"],
      ["critical", "critical", "", "database", false, "rows"],
      ["configuration", "none", "", "configuration", false, ""],
      ["environment", "none", "", "environment", false, ""],
      ["repository", "none", "", "repository", false, ""],
    ]);
  });

  it("dump everything but rows, or large objects without definitions", () => {
    expect(BACKUP_KINDS.flatMap((kind) => [KINDS[kind].dump?.args ?? []])).toEqual([
      ["--exclude-table-data=*.*"],
      ["--schema-only"],
      ["--data-only", "--exclude-table-data=*.*"],
      [],
      [],
      [],
      [],
    ]);
  });
});
