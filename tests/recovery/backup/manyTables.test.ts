import { beforeAll, expect, it } from "@jest/globals";

import { forSuite } from "../../support/suite.ts";
import { startBackingUp } from "../support/backingUp.ts";

const source = forSuite(startBackingUp);
beforeAll(async () => {
  const { database } = source;
  // Room for some 800 locks, an eighth of what a server has by default, so that an eighth of the tables shows the same.
  await database.asSuperuser("alter system set max_locks_per_transaction = 10");
  await database.crash();
  await database.startAgain();
}, 60_000);

const TIERS = [{ name: "daily", prefix: "daily/", period: "run" }] as const;
const makeTables = (from: number, to: number) =>
  source.database.inSession(async (session) => {
    for (let at = from; at < to; at += 100) {
      const names = Array.from({ length: 100 }, (_, index) => `public.t${at + index}`);
      await session.query(
        names.map((name) => `create table ${name} (id bigint primary key, name text unique, at date unique)`).join(";"),
      );
    }
  });
const backUp = async () => source.backUp(await source.cloud.newVault(), { tiers: TIERS });

it("takes no more locks for many tables than pg_dump does, and reports when there are too few", async () => {
  await makeTables(0, 500);
  // Each has indexes and TOAST of its own: some 3,000 relations, where the server has room for 1,000 locks.
  expect((await backUp()).tables).toBeGreaterThan(500);
  await makeTables(500, 1_400);
  await expect(backUp()).rejects.toThrow(/no room for a lock on each of the tables.* Raise max_locks_per_transaction/);
}, 120_000);
