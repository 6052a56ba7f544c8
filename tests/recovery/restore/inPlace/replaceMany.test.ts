import { beforeAll, expect, it } from "@jest/globals";

import { restoreSequences } from "../../../../recovery/restore/steps/restoreState.ts";
import type { Manifest } from "../../../../recovery/vault/manifest.ts";
import { forSuite } from "../../../support/suite.ts";
import { startLive } from "../../support/live.ts";
import { vaultWithout } from "../../support/sample.ts";

const TABLES = 500;
const SEQUENCES = 1500;

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

it("sets more sequences than one transaction can lock", async () => {
  for (let at = 0; at < SEQUENCES; at += 100)
    await live.query(
      `do $$ begin for i in ${at}..${at + 99} loop execute format('create sequence parts.s%s', i); end loop; end $$`,
    );
  const sequences = Array.from({ length: SEQUENCES }, (_, at): Manifest["sequences"][number] => {
    return {
      schema: "parts",
      name: `s${at}`,
      kind: "app",
      lastValue: "7",
      nextValue: null,
      increment: "1",
      cycle: false,
    };
  });
  await live.inSession((session) => restoreSequences(session, { sequences } as Manifest));
  const [row] = await live.query("select count(*)::int as set from pg_sequences where last_value = 7");
  expect(row).toEqual({ set: SEQUENCES });
}, 60_000);
