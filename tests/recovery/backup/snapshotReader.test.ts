import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { openReader, releaseReaderLocks } from "../../../recovery/backup/snapshotReader.ts";
import { connect, type Session } from "../../../recovery/postgres/session/database.ts";
import { startTcpProxy } from "../../faults/support/tcpProxy.ts";
import { startTestDatabase, type TestDatabase } from "../../support/postgres.ts";
import { yielding } from "../../support/timing.ts";
import { runSql } from "../support/sample.ts";

let database: TestDatabase;
let leader: Session;
let snapshotId: string;
beforeAll(async () => {
  database = await startTestDatabase();
  await runSql(database.url, "create table public.kept (id int primary key); insert into public.kept values (1)");
  leader = await connect(database.url, { applicationName: "test" });
  await leader.query("begin isolation level repeatable read read only");
  const [exported] = await leader.query<{ id: string }>("select pg_export_snapshot() as id");
  snapshotId = exported!.id;
  await runSql(database.url, "insert into public.kept values (2)");
});
afterAll(async () => {
  await leader.end();
  await database.stop();
});

const { signal } = new AbortController();
const place = { applicationName: "test reader", timing: yielding };
const from = (databaseUrl = database.url) => ({ ...place, databaseUrl, snapshotId });

describe("openReader", () => {
  it("connects when a network that was cut for a moment is back", async () => {
    const proxy = await startTcpProxy(database.port);
    try {
      proxy.cut();
      setTimeout(() => proxy.mend(), 300);
      const reader = await openReader(from(database.url.replace(`:${database.port}/`, `:${proxy.port}/`)), signal);
      expect(await reader.query("select id from public.kept")).toEqual([{ id: 1 }]);
      await reader.end();
    } finally {
      await proxy.stop();
    }
  });
});

describe("releaseReaderLocks", () => {
  it("releases the locks of what was read before, and keeps the snapshot", async () => {
    const reader = await openReader(from(), signal);
    await reader.query("select count(*) from public.kept");
    const locks = () =>
      leader.query(
        "select from pg_locks l join pg_stat_activity a using (pid) where a.application_name = 'test reader' and l.relation = 'public.kept'::regclass",
      );
    expect(await locks()).toHaveLength(1);
    await releaseReaderLocks(reader, from());
    expect(await locks()).toHaveLength(0);
    expect(await reader.query("select id from public.kept")).toEqual([{ id: 1 }]);
    await reader.end();
  });
});
