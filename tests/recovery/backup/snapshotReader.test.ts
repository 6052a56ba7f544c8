import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { openReader, releaseReaderLocks } from "../../../recovery/backup/snapshotReader.ts";
import { connect, type Session } from "../../../recovery/postgres/session/database.ts";
import { startTcpProxy } from "../../faults/support/tcpProxy.ts";
import { startTestDatabase } from "../../support/postgres.ts";
import { forSuite } from "../../support/suite.ts";
import { yielding } from "../../support/timing.ts";

let leader: Session;
// Before its server stops.
afterAll(() => leader.end());
const database = forSuite(startTestDatabase);
let snapshotId: string;
beforeAll(async () => {
  await database.query("create table public.kept (id int primary key); insert into public.kept values (1)");
  leader = await connect(database.url, { applicationName: "test" });
  await leader.query("begin isolation level repeatable read read only");
  const [exported] = await leader.query<{ id: string }>("select pg_export_snapshot() as id");
  snapshotId = exported!.id;
  await database.query("insert into public.kept values (2)");
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
