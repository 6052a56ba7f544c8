import { beforeAll, expect, it } from "@jest/globals";

import { forSuite } from "../../../support/suite.ts";
import { startLive } from "../../support/live.ts";
import { vaultWithout } from "../../support/sample.ts";

const TABLES = 500;

const live = forSuite(startLive);
beforeAll(async () => {
  // Room for fewer locks than the tables have with their indexes and TOAST.
  await live.asSuperuser("alter system set max_locks_per_transaction = 10");
  await live.asSuperuser("checkpoint");
  await live.crash();
  await live.startAgain();
  await live.query("create schema parts; create table parts.of (id int, v text) partition by range (id)");
  for (let at = 0; at < TABLES; at += 50)
    await live.query(`do $$ begin for i in ${at}..${at + 49} loop
         execute format('create table parts.p%s partition of parts.of (primary key (id)) for values from (%s) to (%s)', i, i, i + 1); end loop; end $$`);
  await live.query("insert into parts.of values (1, 'right')");
}, 60_000);

it("goes back, and through, with more tables than one transaction can drop", async () => {
  await live.save();
  await live.query("update parts.of set v = 'wrong'");
  const values = () => live.query("select v from parts.of");
  const broken = live.replace({ vault: vaultWithout(live.vault, "/data/") });
  await expect(broken).rejects.toThrow("the old state is back, whole");
  expect(await values()).toEqual([{ v: "wrong" }]);
  await live.replace();
  expect(await values()).toEqual([{ v: "right" }]);
  expect(await live.aside()).toEqual([]);
}, 120_000);
