import { afterEach, expect, it } from "@jest/globals";

import { withSession } from "../../../../recovery/postgres/session/database.ts";
import type { Restoring } from "../../../../recovery/restore/run/restoring.ts";
import { makeDefinitions } from "../../../../recovery/restore/steps/makeDefinitions.ts";
import type { Manifest } from "../../../../recovery/vault/manifest.ts";
import { startTestDatabase } from "../../../support/postgres.ts";
import { forSuite } from "../../../support/suite.ts";
import { stopWatching, watch } from "../../support/watching.ts";

const started = forSuite(startTestDatabase);
afterEach(stopWatching);

it("makes what could not be made beside the rest in pg_restore's order, and leaves nothing out", async () => {
  const table = (id: number, name = `t${id}`, needs: number[] = [], first = "") => ({
    id,
    needs,
    locks: [],
    owned: undefined,
    description: `TABLE public ${name} postgres`,
    sql: `${first}create table public.${name} (id int);\n`,
  });
  const HELD = 42;
  const entries = [
    // Keeps the first batch from its end, so that table "late" can't begin.
    table(1, "held", [], `select pg_catalog.pg_advisory_xact_lock(${HELD});\n`),
    ...Array.from({ length: 31 }, (_, at) => table(at + 2)),
    table(33, "late", [1]),
    // Reads "late" as a function's text would: the archive does not know it.
    { ...table(34, "reading"), sql: "create table public.reading as select id from public.late;\n" },
    { ...table(35, "reading", [34]), sql: "comment on table public.reading is 'made';\n", description: "COMMENT - x" },
    ...Array.from({ length: 100 }, (_, at) => table(at + 36)),
    table(136, "last"),
  ];
  const { url } = started;
  const applicationName = "test";
  await withSession(url, { applicationName }, async (session) => {
    const { signal } = new AbortController();
    const restoring = {
      session,
      targetUrl: url,
      applicationName,
      restoreId: "1",
      signal,
      manifest: { objects: {} } as Manifest,
    } as Restoring;
    await session.query(`select pg_catalog.pg_advisory_lock(${HELD})`);
    const watched = watch(url, "select pg_catalog.to_regclass('public.last') as there");
    await watched.hasSeen(1);
    const making = makeDefinitions(restoring, "set check_function_bodies = false", entries);
    await watched.hasSeen(2);
    await session.query(`select pg_catalog.pg_advisory_unlock(${HELD})`);
    await making;
    await watched.stop();
    const made = await session.query<{ name: string; comment: string | null }>(
      `select relname as name, pg_catalog.obj_description(oid, 'pg_class') as comment from pg_catalog.pg_class
         where relnamespace = 'public'::regnamespace and relkind = 'r'`,
    );
    expect(made.map(({ name }) => name).sort()).toEqual(
      entries
        .filter(({ id }) => id !== 35)
        .map(({ description }) => description.split(" ")[2])
        .sort(),
    );
    expect(made.find(({ name }) => name === "reading")?.comment).toBe("made");
  });
}, 60_000);
