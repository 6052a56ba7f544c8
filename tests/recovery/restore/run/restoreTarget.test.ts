import { describe, expect, it } from "@jest/globals";

import { listDataIn, wipeTarget } from "../../../../recovery/restore/run/restoreTarget.ts";
import { startTestDatabase } from "../../../support/postgres.ts";
import { forSuite } from "../../../support/suite.ts";

const database = forSuite(startTestDatabase);

describe("wipeTarget", () => {
  it("drops more tables than a server has locks for in one transaction", async () => {
    await database.inSession(async (session) => {
      for (let from = 0; from < 1_500; from += 100) {
        const tables = Array.from({ length: 100 }, (_, at) => `public.t${from + at}`);
        await session.query(
          tables.map((name) => `create table ${name} (id int primary key, name text unique)`).join(";"),
        );
      }
      await session.query(`create table public.parted (at int) partition by range (at); create schema app; create table app.child () inherits (public.t7);
         create view app.seen as select * from public.t1; create materialized view app.counted as select count(*) from app.seen;
         create function app.one() returns int language sql as 'select 1'; create type app.mood as enum ('good')`);
      for (let at = 0; at < 20; at += 1)
        await session.query(
          `create table app.part_${at} partition of public.parted for values from (${at}) to (${at + 1})`,
        );
      // What the test is about.
      await expect(session.query("begin; drop schema public cascade")).rejects.toThrow("out of shared memory");
      await session.query("rollback");
      await wipeTarget(session);
      expect(await listDataIn(session)).toEqual([]);
    });
  }, 60_000);
});
