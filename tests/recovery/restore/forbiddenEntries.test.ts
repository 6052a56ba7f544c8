import { beforeAll, describe, expect, it } from "@jest/globals";

import { gateState } from "../../../recovery/gate/writeGate.ts";
import { replace } from "../../../recovery/restore/inPlace/replace.ts";
import { UserError } from "../../../services/common/errors.ts";
import { forSuite } from "../../support/suite.ts";
import { brisk } from "../../support/timing.ts";
import { startRestoring } from "../support/restoring.ts";

const started = forSuite(startRestoring);

/** What a superuser has made, and `postgres` may not make: each is refused for another reason. */
const SUPERUSERS = [
  "create transform for int language sql (from sql with function prsd_lextype(internal), to sql with function int4recv(internal))",
  "create type public.unfinished; alter type public.unfinished owner to postgres",
  "create function public.backend() returns int language internal as 'pg_backend_pid'; alter function public.backend() owner to postgres",
  "create function public.quiet(int) returns boolean language sql leakproof as 'select true'; alter function public.quiet(int) owner to postgres",
];

beforeAll(async () => {
  const { database, backUp } = started;
  await database.query("create table public.things (id int primary key); insert into public.things values (1)");
  // Like a live database that has lost them since.
  for (const sql of SUPERUSERS) await database.asSuperuser(sql);
  await backUp();
  await database.asSuperuser("drop type public.unfinished; drop function public.quiet(int)");
}, 60_000);

describe("a backup with entries that only a superuser may make", () => {
  it("is refused in place of a live database before a question and before the gate closes, by each entry's name", async () => {
    const { database, replacing } = started;
    const confirm = () => Promise.reject(new Error("it has asked"));
    const refusal: unknown = await replace(replacing(database.url, { confirm, timing: brisk })).catch(
      (error: unknown) => error,
    );
    expect(refusal).toBeInstanceOf(UserError);
    const { message } = refusal as UserError;
    expect(message).toMatch(/^The role "postgres" may not make these entries of backup \S+ in 127\.0\.0\.1:\d+/);
    expect(message).toContain("must be owner of type integer (TRANSFORM - TRANSFORM FOR integer LANGUAGE sql ");
    expect(message).toContain("permission denied for language internal (FUNCTION public backend() postgres)");
    expect(message).toContain(
      "only superuser can define a leakproof function (FUNCTION public quiet(integer) postgres)",
    );
    expect(message).toContain("must be superuser to create a base type (TYPE public unfinished postgres)");
    expect(message).toMatch(/restore by hand without them \(docs\/restore-by-hand\.md\)\.$/);
    expect((await database.inSession(gateState)).layers).toEqual([]);
    const left = await database.query(
      "select proname as name from pg_proc where proname = 'quiet' union all select typname from pg_type where typname = 'unfinished'",
    );
    expect(left).toEqual([]);
  }, 60_000);

  it("ends in an empty project in one sentence with the entry's name", async () => {
    await expect(started.restore()).rejects.toThrow(
      /The role "postgres" may not make an entry of the backup's definitions on the target database .*: (must|permission|only) .* \((TRANSFORM|FUNCTION|TYPE) .*\)\. Restore as the role that owns the database/,
    );
  }, 60_000);
});
