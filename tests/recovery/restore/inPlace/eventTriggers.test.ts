import { beforeAll, describe, expect, it } from "@jest/globals";

import { forSuite } from "../../../support/suite.ts";
import { abortAt, INTERRUPTION } from "../../support/killing.ts";
import { startLive } from "../../support/live.ts";
import { contentOf, definitionOf } from "../../support/sample.ts";

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

const live = forSuite(startLive);
beforeAll(async () => {
  // On Supabase `postgres` may make event triggers. A plain server only permits it to superusers.
  await live.asSuperuser("alter role postgres superuser");
  await live.query(APP);
}, 60_000);

const stateOf = async () => ({
  content: await contentOf(live.url),
  definition: definitionOf(live.superuserUrl).split("\n").sort(),
  triggers: await live.query("select evtname, evtevent, evtenabled, evttags from pg_event_trigger order by 1"),
});

describe("event triggers of the app", () => {
  it("hinder no replacement, and are afterwards as they were", async () => {
    const { backupId } = await live.save();
    const options = { backupId, allowsSuperuser: true };
    const saved = await stateOf();
    await live.query("update public.posts set title = 'wrong' where id = 1");
    const old = await stateOf();
    expect(old).not.toEqual(saved);

    const aborting = abortAt("Comparing every", INTERRUPTION);
    await expect(live.replace({ ...options, ...aborting })).rejects.toThrow("interrupted");
    expect(await stateOf()).toEqual(old);

    await live.replace(options);
    expect(await stateOf()).toEqual(saved);
    expect(await live.aside()).toEqual([]);
  }, 90_000);
});
