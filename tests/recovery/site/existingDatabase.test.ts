import { beforeAll, describe, expect, it } from "@jest/globals";
import pg from "pg";

import { stopWritesOf } from "../../../recovery/gate/stopWrites.ts";
import { ENGINEER, openGate } from "../../../recovery/gate/writeGate.ts";
import { inspectDatabase } from "../../../recovery/postgres/catalog/databaseContent.ts";
import { withSession } from "../../../recovery/postgres/session/database.ts";
import { faultOfAddress, lookAtDatabase } from "../../../recovery/site/existingDatabase.ts";
import { UserError } from "../../../services/common/errors.ts";
import { startMiniCloud } from "../../provider/recovery/miniCloud.ts";
import { forSuite } from "../../support/suite.ts";
import { brisk } from "../../support/timing.ts";

const signal = new AbortController().signal;
const cloud = forSuite(startMiniCloud);
const PASSWORD = "hunter2-of-the-founders";
let ref: string;
let connectionString: string;

/** A database that this program did not create. */
beforeAll(async () => {
  const project = { name: "castchat live", organization: "castchat", region: "ap-northeast-1", password: PASSWORD };
  ({ ref } = await cloud.databaseHost.createProject(project, signal));
  while ((await cloud.databaseHost.project(ref, signal))?.state !== "healthy")
    await new Promise((resolve) => setImmediate(resolve));
  const { host, port, user, database } = await cloud.databaseHost.sessionAddress(ref, signal);
  connectionString = `postgresql://${user}:${PASSWORD}@${host}:${port}/${database}`;
}, 60_000);

const look = (change: Partial<{ ref: string; connectionString: string }> = {}) =>
  lookAtDatabase(
    { databaseHost: cloud.databaseHost, inspect: (url, aborted) => inspectDatabase(url, aborted, brisk) },
    { ref, connectionString, ...change },
    signal,
  );
const refusalOf = (change: Parameters<typeof look>[0]) => look(change).catch((error: unknown) => error);

describe("a look at a live database", () => {
  it("finds its name and keys, and changes nothing", async () => {
    const before = JSON.stringify(await cloud.call("supabase", "GET", "/v1/projects"));
    expect(await look()).toEqual({
      projectName: "castchat live",
      apiUrl: expect.stringContaining(ref) as unknown,
      anonKey: expect.stringMatching(/.{20}/) as unknown,
    });
    expect(JSON.stringify(await cloud.call("supabase", "GET", "/v1/projects"))).toBe(before);
  });

  it("refuses a project that the token does not see, and a wrong password, and names the setting", async () => {
    const unseen = await refusalOf({ ref: "zzzzzzzzzzzzzzzzzzzz" });
    expect(unseen).toBeInstanceOf(UserError);
    expect(String(unseen)).toMatch(/shows no project zzzz.*Correct supabaseRef, or set SUPABASE_ACCESS_TOKEN/);
    const refused = await refusalOf({ connectionString: connectionString.replace(PASSWORD, "wrong-password") });
    expect(refused).toBeInstanceOf(UserError);
    expect(String(refused)).toMatch(/refuses the password in databaseUrl.*`pulumi config set --secret databaseUrl`/);
    expect(String(refused)).not.toContain("wrong-password");
  });

  it("is an error, without the password, when nothing answers", async () => {
    const error = await refusalOf({ connectionString: `postgresql://postgres:${PASSWORD}@127.0.0.1:9/postgres` });
    expect(error).not.toBeInstanceOf(UserError);
    expect(String(error)).toMatch(/cannot be reached at databaseUrl/);
    expect(String(error)).not.toContain(PASSWORD);
  });
});

describe("the address of a live database", () => {
  const REF = "abcdefghijklmnopqrst";
  it.each<[address: string, fault: RegExp | undefined]>([
    [`postgresql://postgres.${REF}:x@aws-0-ap-northeast-1.pooler.supabase.com:5432/postgres`, undefined],
    [`postgresql://postgres:x@db.${REF}.supabase.co:5432/postgres`, undefined],
    ["postgresql://postgres:x@127.0.0.1:5432/postgres", undefined],
    [
      "postgresql://postgres.zyxwvutsrqponmlkjihg:x@aws-0-ap-northeast-1.pooler.supabase.com:5432/postgres",
      /^is an address of project zyxwvutsrqponmlkjihg, but supabaseRef is abc/,
    ],
    [`postgresql://postgres.${REF}:x@aws-0-ap-northeast-1.pooler.supabase.com:6543/postgres`, /transaction pooler/],
  ])("%s has the fault %s", (address, fault) => {
    const found = faultOfAddress({ ref: REF, connectionString: address });
    if (fault === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(fault);
  });
});

describe("stopping writes to a live database", () => {
  const write = async () => {
    const client = new pg.Client({ connectionString, application_name: "the app" });
    await client.connect();
    try {
      await client.query("create table public.written (id int)");
      await client.query("drop table public.written");
    } finally {
      await client.end();
    }
  };

  it("lets only the recovery write, until the engineer allows the app's writes again", async () => {
    await write();
    expect(await stopWritesOf(connectionString, signal, brisk)).toMatch(
      /^writes are stopped .*`castchat-recovery writes allow`$/,
    );
    await expect(write()).rejects.toThrow(/read-only/);
    // Again, as after an interruption.
    expect(await stopWritesOf(connectionString, signal, brisk)).toMatch(/^writes are stopped/);
    await withSession(
      connectionString,
      { applicationName: "castchat-recovery test", signal, timing: brisk },
      (session) => openGate(session, ENGINEER, signal),
    );
    await write();
  });

  it("gives up on a database that hangs, so that a recovery continues", async () => {
    const hanging = "postgresql://postgres:x@127.0.0.1:9/postgres";
    await expect(stopWritesOf(hanging, signal, { ...brisk, fenceMs: 1 })).rejects.toThrow();
  });
});
