import { describe, expect, it } from "@jest/globals";

import { noteOfCollation, readServerCollation } from "../../../../recovery/postgres/catalog/serverCollation.ts";
import { startTestDatabase } from "../../../support/postgres.ts";
import { forSuite } from "../../../support/suite.ts";

const database = forSuite(startTestDatabase);
const here = () => database.inSession(readServerCollation);
const noteOf = (source: Parameters<typeof noteOfCollation>[1]) =>
  database.inSession((session) => noteOfCollation(session, source));

describe("a database's default collation", () => {
  it("is read", async () => {
    expect(await here()).toMatchObject({
      provider: "builtin",
      locale: "C.UTF-8",
      collate: "C.UTF-8",
      ctype: "C.UTF-8",
    });
  });

  it("makes no note if the source's is alike, written otherwise, or unknown", async () => {
    const { provider, collate, ctype } = await here();
    const collation = { provider, collate, ctype, locale: "C.UTF-8" };
    expect(await noteOf(undefined)).toEqual([]);
    expect(await noteOf(collation)).toEqual([]);
    expect(await noteOf({ ...collation, locale: "c.utf8" })).toEqual([]);
  });

  it("makes a note that says what may differ", async () => {
    const libc = { provider: "libc", collate: "en_US.UTF-8", ctype: "en_US.UTF-8", version: "2.39" };
    expect(await noteOf(libc)).toEqual([
      expect.stringMatching(
        /^The source's default collation is en_US\.UTF-8 \(libc 2\.39\), this database's is C\.UTF-8 \(builtin.*partitions by text\.$/,
      ),
    ]);
    expect(await noteOf({ ...(await here()), version: "0" })).toHaveLength(1);
  });
});
