import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { replace } from "../../../../recovery/restore/inPlace/replace.ts";
import type { ReplaceOptions } from "../../../../recovery/restore/inPlace/replaceSteps.ts";
import { abortAt, INTERRUPTION } from "../../support/killing.ts";
import { contentOf, definitionOf, runSql } from "../../support/sample.ts";
import { startTestSource, type TestSource } from "../../support/source.ts";

/** An event trigger that logs, one that refuses, one that alters what is made, and one that is switched off. */
const APP = `
  create table public.posts (id int primary key, title text not null); insert into public.posts select n, 'post ' || n from generate_series(1, 100) n;
  create table public.notes (id int primary key, post int references public.posts); insert into public.notes select n, n from generate_series(1, 50) n;
  create schema guards; create table guards.log (tag text);
  create function guards.note() returns event_trigger language plpgsql as $$ begin insert into guards.log values (tg_tag); end $$;
  create function guards.refuse() returns event_trigger language plpgsql as $$ begin raise exception 'nothing is dropped here'; end $$;
  create function guards.secure() returns event_trigger language plpgsql as $$ declare made record; begin
    for made in select * from pg_event_trigger_ddl_commands() where object_type = 'table' loop
      execute format('alter table %s enable row level security', made.object_identity); end loop; end $$;
  create event trigger note_all on ddl_command_end execute function guards.note();
  create event trigger no_drops on sql_drop execute function guards.refuse();
  create event trigger secure_all on ddl_command_end when tag in ('CREATE TABLE', 'CREATE TABLE AS') execute function guards.secure();
  create event trigger off on ddl_command_end execute function guards.refuse(); alter event trigger off disable`;

let source: TestSource;

async function stateOf() {
  const { url, superuserUrl } = source.database;
  return {
    content: await contentOf(url),
    definition: definitionOf(superuserUrl).split("\n").sort(),
    triggers: await runSql(url, "select evtname, evtevent, evtenabled, evttags from pg_event_trigger order by 1"),
  };
}

beforeAll(async () => {
  source = await startTestSource();
  // On Supabase `postgres` may make event triggers. A plain server only permits it to superusers.
  await runSql(source.database.superuserUrl, "alter role postgres superuser");
  await runSql(source.database.url, APP);
}, 60_000);
afterAll(() => source.stop());

describe("event triggers of the app", () => {
  it("hinder no replacement, and are afterwards as they were", async () => {
    const { database } = source;
    const { backupId } = await source.backUp(database.url);
    const replaceNow = (more: Partial<ReplaceOptions> = {}) =>
      replace(source.replacing(database.url, { backupId, allowsSuperuser: true, ...more }));
    const saved = await stateOf();
    await runSql(database.url, "update public.posts set title = 'wrong' where id = 1");
    const old = await stateOf();
    expect(old).not.toEqual(saved);

    await expect(replaceNow(abortAt("Comparing every", INTERRUPTION))).rejects.toThrow("interrupted");
    expect(await stateOf()).toEqual(old);

    await replaceNow();
    expect(await stateOf()).toEqual(saved);
    const aside = "select from pg_namespace where nspname like 'castchat!_aside%' escape '!'";
    expect(await runSql(database.url, aside)).toEqual([]);
  }, 90_000);
});
