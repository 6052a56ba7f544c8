import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";

import { openSnapshot } from "../../../recovery/backup/snapshot.ts";
import { openReader } from "../../../recovery/backup/snapshotReader.ts";
import { type Session, withSession } from "../../../recovery/postgres/session/database.ts";
import { silent } from "../../../services/common/reporter.ts";
import { startTestDatabase } from "../../support/postgres.ts";
import { forSuite } from "../../support/suite.ts";

const database = forSuite(startTestDatabase);
beforeEach(() => database.query("create table public.posts as select 1 as id"));
afterEach(() => database.query("drop table if exists public.posts, public.newer"));

/** A session in which another session runs `sql` just before the first statement that matches. */
function meddledWith(session: Session, before: RegExp, sql: string): Session {
  let isDone = false;
  return {
    ...session,
    async query<Row extends object>(text: string, values?: readonly unknown[]) {
      if (!isDone && before.test(text)) {
        isDone = true;
        await database.query(sql);
      }
      return await session.query<Row>(text, values);
    },
  };
}

/** What a snapshot and a reader of it show of the tables when another session interferes. */
async function seen(before: RegExp, sql: string): Promise<{ tables: string[]; posts: unknown[] }> {
  return await database.inSession(async (session) => {
    const snapshot = await openSnapshot(meddledWith(session, before, sql), silent);
    const place = { databaseUrl: database.url, applicationName: "test", snapshotId: snapshot.id };
    const reader = await openReader(place, new AbortController().signal);
    try {
      return {
        tables: snapshot.tables.filter(({ schema }) => schema === "public").map(({ name }) => name),
        posts: await reader.query("select id from public.posts order by 1"),
      };
    } finally {
      await reader.end();
    }
  });
}

describe("openSnapshot", () => {
  it("yields to a session that holds a table, and tries again", async () => {
    const said: string[] = [];
    await database.inSession(async (other) => {
      await other.query("begin; lock table public.posts in access exclusive mode");
      const reporter = (message: string) => {
        said.push(message);
        void other.query("rollback");
      };
      await withSession(database.url, { applicationName: "test", lockTimeoutMs: 200 }, async (session) => {
        const { tables } = await openSnapshot(session, reporter);
        expect(tables.map((table) => table.name)).toContain("posts");
      });
    });
    expect(said).toEqual(["Another session holds a table: yielding, then trying again"]);
  });
});

describe("a snapshot", () => {
  it("holds what was committed before its locks were taken", async () => {
    const { posts } = await seen(/^lock table/, "insert into public.posts values (2)");
    expect(posts).toEqual([{ id: 1 }, { id: 2 }]);
  });

  it("includes a table that was created between the listing and the locks", async () => {
    const { tables } = await seen(/^lock table/, "create table public.newer (id int)");
    expect(tables).toEqual(["newer", "posts"]);
  });

  it("includes a column and a type that were changed between them", async () => {
    await database.inSession(async (session) => {
      const altering = "alter table public.posts add column more int; alter table public.posts alter id type regclass";
      const { tables } = await openSnapshot(meddledWith(session, /^lock table/, altering), silent);
      expect(tables.find(({ name }) => name === "posts")).toMatchObject({
        allColumns: ["id", "more"],
        // No longer one that may be copied in binary.
        format: "text",
      });
    });
  });

  it("starts again when a table is dropped between them", async () => {
    const { tables } = await database.inSession((session) =>
      openSnapshot(meddledWith(session, /^lock table/, "drop table public.posts"), silent),
    );
    expect(tables.map(({ name }) => name)).not.toContain("posts");
  });

  it("keeps its tables from being altered, emptied and dropped, but not from being written to", async () => {
    await database.inSession(async (session) => {
      await openSnapshot(session, silent);
      const change = (sql: string) => database.query(`set lock_timeout = '100ms'; ${sql}`);
      for (const sql of ["alter table public.posts add more int", "truncate public.posts", "drop table public.posts"])
        await expect(change(sql)).rejects.toMatchObject({ code: "55P03" });
      await change("insert into public.posts values (3)");
    });
  });
});
