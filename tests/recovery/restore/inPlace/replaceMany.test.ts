import { afterAll, beforeAll, expect, it } from "@jest/globals";

import { replace } from "../../../../recovery/restore/inPlace/replace.ts";
import { runSql, vaultWithout } from "../../support/sample.ts";
import { startTestSource, type TestSource } from "../../support/source.ts";

const TABLES = 500;

let started: TestSource;
beforeAll(async () => {
  started = await startTestSource();
  const { database } = started;
  // Room for fewer locks than the tables have with their indexes and TOAST.
  await runSql(database.superuserUrl, "alter system set max_locks_per_transaction = 10");
  await runSql(database.superuserUrl, "checkpoint");
  await database.crash();
  await database.startAgain();
  await runSql(database.url, "create schema parts; create table parts.of (id int, v text) partition by range (id)");
  for (let at = 0; at < TABLES; at += 50)
    await runSql(
      database.url,
      `do $$ begin for i in ${at}..${at + 49} loop
         execute format('create table parts.p%s partition of parts.of (primary key (id)) for values from (%s) to (%s)', i, i, i + 1); end loop; end $$`,
    );
  await runSql(database.url, "insert into parts.of values (1, 'right')");
}, 60_000);
afterAll(() => started.stop());

it("goes back, and through, with more tables than one transaction can drop", async () => {
  const { database } = started;
  await started.backUp(database.url);
  await runSql(database.url, "update parts.of set v = 'wrong'");
  const values = () => runSql(database.url, "select v from parts.of");
  const broken = replace(started.replacing(database.url, { vault: vaultWithout(started.vault, "/data/") }));
  await expect(broken).rejects.toThrow("the old state is back, whole");
  expect(await values()).toEqual([{ v: "wrong" }]);
  await replace(started.replacing(database.url));
  expect(await values()).toEqual([{ v: "right" }]);
  const aside = "select from pg_namespace where nspname like 'castchat!_aside%' escape '!'";
  expect(await runSql(database.url, aside)).toEqual([]);
}, 120_000);
