import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { compareSnapshots, lostRows } from "../../../../lab/drills/compare/compare.ts";
import { takeSnapshot } from "../../../../lab/drills/compare/snapshot.ts";
import type { DatabaseSnapshot } from "../../../../lab/drills/compare/types.ts";
import { withClient } from "../../../../lab/sandbox/postgres/client.ts";
import { applySchema, fill } from "../../../../lab/sandbox/sample/database.ts";
import { startTestDatabase, type TestDatabase } from "../../../support/postgres.ts";
import { DAMAGED_DEFINITIONS } from "./damagedDefinitions.ts";
import { DAMAGED_ROWS } from "./damagedRows.ts";

let server: TestDatabase;
let before: DatabaseSnapshot;

beforeAll(async () => {
  server = await startTestDatabase();
  await applySchema(server.url);
  await fill(server.url, { rows: 60 });
  before = await takeSnapshot(server.url);
}, 60_000);
afterAll(() => server.stop());

function at(name: string): string {
  return server.superuserUrl.replace(/\/postgres$/, `/${name}`);
}

const run = (sql: string, url: string) => withClient(url, (client) => client.query(sql));

/** A copy of the database after some damage, and the differences that the comparison finds. */
async function afterDamage(sql: string): Promise<{ after: DatabaseSnapshot; texts: string[] }> {
  await run("drop database if exists damaged with (force)", at("template1"));
  await run("create database damaged template postgres owner postgres", at("template1"));
  // No trigger takes part: each damage is the only difference.
  await run(`set session_replication_role = replica; ${sql}`, at("damaged"));
  const after = await takeSnapshot(at("damaged"));
  return { after, texts: compareSnapshots(before, after).map(({ text }) => text) };
}

describe("compareSnapshots", () => {
  it.each([...Object.entries(DAMAGED_ROWS), ...Object.entries(DAMAGED_DEFINITIONS)])("%s", async (_name, damage) => {
    const [sql, ...expected] = damage;
    const { texts } = await afterDamage(sql);
    expect(texts).toHaveLength(expected.length);
    expected.forEach((text, index) =>
      typeof text === "string" ? expect(texts[index]).toBe(text) : expect(texts[index]).toMatch(text),
    );
  });

  it("compares the content of a materialized view", async () => {
    const { texts } = await afterDamage(
      "update public.posts set tags = '{new}' where id = 1; refresh materialized view public.tag_counts",
    );
    expect(texts).toEqual([
      expect.stringMatching(/^Table public\.posts has as many/),
      expect.stringMatching(/^Table public\.tag_counts has 1 row more/),
    ]);
  });

  it("never quotes the contents of rows", async () => {
    const { after, texts } = await afterDamage(
      "update public.users set email = 'private.person@example.org' where handle = 'demo_3'",
    );
    expect(texts).toHaveLength(1);
    expect(JSON.stringify([after, texts])).not.toContain("private.person");
  });
});

describe("lostRows", () => {
  it("counts the rows that the later database lacks, table by table", async () => {
    const { after } = await afterDamage(
      "delete from public.application_history where id <= 12; delete from auth.sessions; insert into public.notices values (9, 'new'); drop table public.urgent_notices",
    );
    expect(lostRows(before, after)).toEqual([
      { table: "auth.sessions", rows: 3 },
      { table: "public.application_history", rows: 12 },
      { table: "public.urgent_notices", rows: 2 },
    ]);
    expect(lostRows(before, before)).toEqual([]);
  });
});

describe("takeSnapshot", () => {
  it("gives the app's role and the superuser the same result", async () => {
    expect(compareSnapshots(before, await takeSnapshot(server.superuserUrl))).toEqual([]);
  });

  it("names the tables that it may not read", async () => {
    await afterDamage("create schema closed; create table closed.secrets as select 1 as n");
    const snapshot = await takeSnapshot(server.url.replace(/\/postgres$/, "/damaged"));
    expect(snapshot.leftOut.map(({ what }) => what)).not.toContain("rows of closed.secrets");
    await afterDamage(
      "create schema closed; create table closed.secrets as select 1 as n; revoke pg_read_all_data from postgres",
    );
    const without = await takeSnapshot(server.url.replace(/\/postgres$/, "/damaged"));
    await run("grant pg_read_all_data to postgres with admin option", server.superuserUrl);
    expect(without.leftOut.map(({ what }) => what)).toContain("rows of closed.secrets");
    expect(Object.keys(without.tables)).not.toContain("closed.secrets");
  });

  it("fails when a policy would hide rows, instead of counting fewer", async () => {
    await run("create role reader login password 'reader'; grant pg_read_all_data to reader", server.superuserUrl);
    const url = new URL(server.url);
    url.username = "reader";
    url.password = "reader";
    await expect(takeSnapshot(url.href)).rejects.toThrow("row-level security");
  });

  it("fails when the database can't be reached", async () => {
    await expect(takeSnapshot("postgresql://postgres:x@127.0.0.1:1/postgres")).rejects.toThrow("ECONNREFUSED");
  });
});
