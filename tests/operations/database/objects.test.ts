import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { withSession } from "../../../clients/database.ts";
import { digestObjects } from "../../../operations/database/objects.ts";
import { findOrphans } from "../../../operations/database/orphans.ts";
import { startTestDatabase } from "../../support/postgres.ts";
import type { TestDatabase } from "../../support/postgres.ts";
import { runSql } from "../support/sample.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await startTestDatabase();
}, 60_000);
afterAll(() => database.stop());

const inSession = <T>(work: Parameters<typeof withSession<T>>[2]) =>
  withSession(database.url, { applicationName: "test" }, work);

describe("a reference to a partitioned table", () => {
  const partition = (n: number) => `create table public.days_${n} partition of public.days for values in (${n});`;
  const made = (first: string, last: string) =>
    `drop table if exists public.visits, public.days; create table public.days (day int primary key) partition by list (day);
     ${first} create table public.visits (id int, day int references public.days); ${last}`;

  it("has the same name in whatever order its partitions are made", async () => {
    await runSql(database.url, made(partition(1) + partition(2), partition(3)));
    const before = await inSession(digestObjects);
    await runSql(database.url, made(partition(3), partition(2) + partition(1)));
    expect(await inSession(digestObjects)).toEqual(before);
    expect(Object.keys(before).filter((name) => name.startsWith("constraint public.visits."))).toEqual([
      "constraint public.visits.visits_day_fkey",
    ]);
  });

  it("has orphans once", async () => {
    await runSql(
      database.superuserUrl,
      "set session_replication_role = replica; insert into public.visits values (1, 9)",
    );
    const orphans = await inSession((session) => findOrphans(session, "true", []));
    expect(orphans).toMatchObject([{ schema: "public", name: "visits", constraint: "visits_day_fkey", rows: 1 }]);
  });
});
