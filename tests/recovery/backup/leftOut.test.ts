import { describe, expect, it } from "@jest/globals";

import { listLeftOut } from "../../../recovery/backup/leftOut.ts";
import { startTestDatabase } from "../../support/postgres.ts";
import { forSuite } from "../../support/suite.ts";

const database = forSuite(startTestDatabase);
const listed = () => database.inSession(listLeftOut);

describe("what a backup does not carry", () => {
  it("is listed by name and reason: what lies elsewhere, belongs to the platform, or is never given out", async () => {
    const before = await listed();
    expect(before).toContainEqual({
      what: "passwords of roles",
      why: "a managed database does not give them out: set new ones",
    });
    expect(before).toContainEqual({
      what: "rows of auth.schema_migrations",
      why: "they record the platform's own version",
    });
    await database.asSuperuser(`
      create foreign data wrapper elsewhere; create server "other one" foreign data wrapper elsewhere; grant usage on foreign server "other one" to postgres;
      create schema places authorization postgres; create foreign table public."Ünï T" (id int) server "other one"; create foreign table places.second (id int) server "other one";
      create subscription "in flow" connection 'host=127.0.0.1 port=1 dbname=none' publication p with (connect = false, slot_name = none);
      set allow_system_table_mods = on; insert into pg_catalog.pg_seclabel values ('public'::regnamespace, 'pg_namespace'::regclass, 0, 'labels', 'secret')`);
    const added = (await listed()).filter(({ what }) => !before.some((one) => one.what === what));
    expect(added).toEqual([
      { what: "1 security labels", why: "the label providers belong to the platform" },
      { what: "rows of foreign table places.second", why: "they lie on another server" },
      { what: 'rows of foreign table public."Ünï T"', why: "they lie on another server" },
      { what: 'subscription "in flow"', why: "it holds another server's password" },
      {
        what: 'supabase_admin as the owner of foreign table places.second, foreign table public."Ünï T"',
        why: "only that role of the platform could give them to itself: a restore gives them to the role that restores",
      },
    ]);
  });
});
