import { beforeAll, describe, expect, it } from "@jest/globals";
import pg from "pg";

import { inspectDatabase } from "../../../recovery/postgres/catalog/databaseContent.ts";
import {
  createDatabaseProject,
  deleteDatabaseProject,
  findKeptProject,
  importDatabaseProject,
  readDatabaseProject,
} from "../../../recovery/site/databaseProject.ts";
import { type ReadyPorts, untilOurs } from "../../../recovery/site/projectReady.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { UserError } from "../../../services/common/errors.ts";
import { silent } from "../../../services/common/reporter.ts";
import { realTiming } from "../../../services/common/timing.ts";
import type { DatabaseProject } from "../../../services/databaseHost/databaseHost.ts";
import { supabaseDatabases } from "../../../services/databaseHost/supabase.ts";
import { UnreachableError } from "../../../services/http/http.ts";
import { startMiniCloud } from "../../provider/recovery/miniCloud.ts";
import { forSuite } from "../../support/suite.ts";
import { abortAt } from "../support/killing.ts";

const wanted = { name: "castchat-dr-g1", organization: "castchat", region: "ap-northeast-2" };
const signal = new AbortController().signal;
const cloud = forSuite(startMiniCloud);
const PASSWORD = "a-password-of-this-stack";
let ports: ReadyPorts;

beforeAll(() => {
  ports = {
    databaseHost: cloud.databaseHost,
    inspect: inspectDatabase,
    clock: systemClock,
    timing: { ...realTiming, project: { firstMs: 20, longestMs: 200, limitMs: 20_000 } },
  };
});

const create = (change: Partial<typeof wanted> = {}, reporter = silent, aborted = signal) =>
  createDatabaseProject(ports, { ...wanted, ...change }, PASSWORD, aborted, reporter);
const remove = (ref: string, deletionProtection: boolean) =>
  deleteDatabaseProject(ports, { ref, name: wanted.name, deletionProtection }, signal);

describe("a project's life", () => {
  it("is created, known again after an interruption, refused once it holds data, and deleted only unprotected", async () => {
    const lines: string[] = [];
    const made = await create({}, (line) => void lines.push(line));
    expect(made.databasePassword).toBe(PASSWORD);
    expect(made.connectionString).toBe(`postgresql://postgres:${PASSWORD}@${made.host}:${made.port}/postgres`);
    expect(made.port).not.toBe(6543);
    expect(made.apiUrl).toBe(`${cloud.address("supabase")}/projects/${made.ref}`);
    expect(made.anonKey.split(".")).toHaveLength(3);
    expect(lines.join("\n")).toContain("creating Supabase project castchat-dr-g1");
    expect(lines.join("\n")).not.toContain(made.databasePassword);

    // The engine was killed before it kept the result, and the token was replaced meanwhile: the same call finds the same project.
    cloud.rotateSupabaseToken();
    ports.databaseHost = cloud.databaseHost;
    const again = await create();
    expect(again.ref).toBe(made.ref);
    expect(again.connectionString).toBe(made.connectionString);
    expect(await cloud.databaseHost.projects()).toHaveLength(1);

    const client = new pg.Client({ connectionString: made.connectionString });
    await client.connect();
    await client.query("create table public.posts (id int)");
    await client.end();
    const holdsData = `Supabase project castchat-dr-g1 (${made.ref}) exists already and holds data (1 relations), so it is not touched. Raise the generation for a new project, or delete that one in Supabase.`;
    await expect(create()).rejects.toThrow(new UserError(holdsData));

    const read = await readDatabaseProject(ports, made.ref, made.databasePassword, signal);
    expect(read?.ready).toMatchObject({ ref: made.ref, connectionString: made.connectionString });
    await expect(remove(made.ref, true)).rejects.toThrow(/is protected\. .*`pulumi config set protect false`/);
    expect(await cloud.databaseHost.project(made.ref)).toBeDefined();
    await remove(made.ref, false);
    expect(await readDatabaseProject(ports, made.ref, made.databasePassword, signal)).toBeUndefined();
    // A project that is already gone is no error.
    await remove(made.ref, false);
  });

  it("leaves a project of the same name that was not made by us as it is, with its password", async () => {
    const password = "their own password";
    const theirs = await cloud.databaseHost.createProject({ ...wanted, name: "theirs", password });
    const notOurs = /refuses the password that this stack has for it, so it is not touched/;
    await expect(create({ name: "theirs" })).rejects.toThrow(notOurs);
    const { host, port } = await cloud.databaseHost.sessionAddress(theirs.ref);
    const url = `postgresql://postgres:their%20own%20password@${host}:${port}/postgres`;
    expect(await inspectDatabase(url, signal)).toEqual({ state: "empty" });
    await expect(importDatabaseProject(ports, theirs.ref, PASSWORD, signal)).rejects.toThrow(
      new UserError(`The database of Supabase project ${theirs.ref} refuses the password that it was tried with.`),
    );
    const imported = await importDatabaseProject(ports, theirs.ref, password, signal);
    expect(imported?.ready).toMatchObject({ ref: theirs.ref, databasePassword: password, connectionString: url });
    expect(await findKeptProject(ports, { ...wanted, name: "theirs" }, PASSWORD, signal)).toEqual({
      missing: `Supabase project theirs could not be taken into the state: The database of Supabase project ${theirs.ref} refuses the password that it was tried with.`,
    });
    const kept = await findKeptProject(ports, { ...wanted, name: "theirs" }, password, signal);
    expect(kept).toMatchObject({ ready: { ref: theirs.ref, databasePassword: password, durationMs: 0 } });
    const elsewhere = create({ name: "theirs", region: "eu-west-1" });
    await expect(elsewhere).rejects.toThrow(/exists already in ap-northeast-2, not eu-west-1/);
  });

  it("refuses to choose between two projects of one name", async () => {
    const twin = { ...wanted, name: "twin", password: PASSWORD };
    await cloud.databaseHost.createProject(twin);
    await cloud.databaseHost.createProject(twin);
    await expect(create({ name: "twin" })).rejects.toThrow(/has 2 Supabase projects named twin/);
  });

  it("stops waiting when it is cancelled, and says so", async () => {
    const stopped = abortAt("waiting", new Error("Stopped on request."));
    const cancelled = create({ name: "cancelled" }, stopped.reporter, stopped.signal);
    await expect(cancelled).rejects.toThrow("Stopped on request.");
  });

  it("gives up with the last state at its limit", async () => {
    const slow = {
      ...ports.databaseHost,
      health: () => Promise.resolve([{ name: "db", isHealthy: false, status: "COMING_UP" }]),
    };
    const timing = { ...realTiming, project: { firstMs: 5, longestMs: 5, limitMs: 3_000 } };
    let elapsed = 0;
    const clock = () => new Date((elapsed += 300));
    const impatient = { ...ports, databaseHost: slow, timing, clock };
    await expect(
      createDatabaseProject(impatient, { ...wanted, name: "slow" }, PASSWORD, signal, silent),
    ).rejects.toThrow(/was not healthy after \d+ s \((db is COMING_UP|project is COMING_UP)\)/);
  });

  it("does not repeat a refused login as fast as another look", async () => {
    const project = { ref: "ref", name: "new" } as DatabaseProject;
    const looks = async (state: "refused" | "unreachable") => {
      let count = 0;
      const inspect = () => Promise.resolve({ state, reason: `look ${++count}` });
      const timing = { ...realTiming, refusedLoginMs: 5_000, project: { firstMs: 1, longestMs: 1, limitMs: 3_000 } };
      let elapsed = 0;
      const clock = () => new Date((elapsed += 300));
      const asked = { ...ports, inspect, timing, clock };
      const opened = untilOurs(asked, { project, connectionString: "", adopted: false }, signal, silent);
      await expect(opened).rejects.toThrow(/could not be opened/);
      return count;
    };
    expect(await looks("refused")).toBe(1);
    expect(await looks("unreachable")).toBeGreaterThan(5);
  });

  it("never takes an unreachable service for a project that is gone", async () => {
    const databaseHost = supabaseDatabases({ token: "t", endpoint: "http://127.0.0.1:9", retryDelayMs: 1 });
    await expect(readDatabaseProject({ ...ports, databaseHost }, "ref", "p", signal)).rejects.toThrow(UnreachableError);
  });
});
