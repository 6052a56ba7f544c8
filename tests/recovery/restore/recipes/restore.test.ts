import { once } from "node:events";
import { existsSync, readdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, describe, expect, it } from "@jest/globals";
import pg from "pg";

import { beginReplacement, noteReplacement } from "../../../../recovery/restore/inPlace/replaceRecord.ts";
import { readRestoreMarker } from "../../../../recovery/restore/run/restoreMarker.ts";
import type { RestoreOptions } from "../../../../recovery/restore/run/restoreOptions.ts";
import { checkRestored } from "../../../../recovery/restore/steps/restoreChecks.ts";
import { PromiseError, UserError } from "../../../../services/common/errors.ts";
import { realTiming } from "../../../../services/common/timing.ts";
import { expectRefusal } from "../../../support/refusal.ts";
import { forSuite } from "../../../support/suite.ts";
import { abortAt, childOf, killedAt } from "../../support/killing.ts";
import { startRestoringSaved } from "../../support/restoring.ts";
import { addOwnRoles, contentOf, definitionOf, fillSample, tamper } from "../../support/sample.ts";

const started = forSuite(() =>
  startRestoringSaved(async (source) => {
    await fillSample(source.url, 150);
    await addOwnRoles(source);
  }),
);
afterEach(() => started.target.renew());

/** The time of the backup that the tests restore. Undefined for the newest, until a newer one comes. */
let at: Date | undefined;
const restore = (more?: Partial<RestoreOptions>) => started.restore({ at, ...more });

/** Files with content that a restore has left. Another process's folder may come and go meanwhile. */
function leftInTemporaryFolder(): string[] {
  const names = readdirSync(tmpdir()).filter((name) => name.startsWith("castchat-recovery-"));
  const folders = names.map((name) => join(tmpdir(), name)).filter((folder) => existsSync(folder));
  const files = folders.flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)));
  // Files that another suite's kill -9 left before anything was written into them are empty.
  return files.filter((file) => (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0);
}

/** Listens as PostgREST does, which reads the schema again on a notification of this channel. */
async function listenAsApi(url: string) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query("listen pgrst");
  const heard = once(client, "notification") as Promise<[pg.Notification]>;
  return {
    hasHeard: async (payload: string) => {
      expect((await heard)[0]).toMatchObject({ channel: "pgrst", payload });
      await client.end();
    },
  };
}

async function expectWhole(): Promise<void> {
  expect(await contentOf(started.target.url)).toEqual(started.content);
  expect(await started.releasedDefinition()).toBe(started.definition);
  expect(leftInTemporaryFolder()).toEqual([]);
  const left = "select application_name from pg_stat_activity where application_name like 'castchat-recovery%'";
  expect(await started.target.asSuperuser(left)).toEqual([]);
}

describe("restore", () => {
  it("brings back all rows, definitions, rights and owners, and is done once", async () => {
    const { target, saved } = started;
    const said: string[] = [];
    const api = await listenAsApi(target.superuserUrl);
    const result = await restore({ reporter: (message) => said.push(message) });
    await api.hasHeard("reload schema");
    const { backupId, snapshotAt, tables, rows } = saved;
    expect(result).toMatchObject({ backupId, snapshotAt, tables, rows, posts: 150 });
    expect(result.notes).toEqual([
      "Held back until `castchat-recovery resume-jobs`: 2 scheduled jobs and the publications partners, supabase_realtime.",
    ]);
    const phases = ["claim", "download", "extensions", "roles", "schema", "data", "constraints", "checks"];
    expect(result.phases.map(({ name }) => name)).toEqual(phases);
    expect(said.length).toBeGreaterThanOrEqual(8);
    await expectWhole();
    const [role] = await target.asSuperuser(
      "select a.rolcanlogin, a.rolpassword, r.rolconfig from pg_authid a join pg_roles r using (rolname) where rolname = 'Analyst 1'",
    );
    expect(role).toEqual({ rolcanlogin: true, rolpassword: null, rolconfig: ["statement_timeout=9s"] });
    expect(await target.asSuperuser("select loid, encode(data, 'hex') as data from pg_largeobject")).toEqual([
      { loid: expect.anything(), data: "cafe" },
    ]);
    const { restoreId } = result;
    expect(await started.marker()).toMatchObject({ restoreId, backupId, phase: "finished", result });

    // The app continues. The same call again must not touch what it has written.
    await target.query("insert into public.page_views values ('/after', now())");
    // Nothing is done a second time, and the result says so.
    const finishedBefore: unknown = expect.stringMatching(/^20\d\d-/);
    expect(await restore()).toEqual({ ...result, finishedBefore });
    const after = () => target.query("select path from public.page_views where path = '/after'");
    expect(await after()).toHaveLength(1);
    const refused = /holds data \(.*a restore goes into a new project only/;
    await expect(restore({ generation: 2 })).rejects.toThrow(refused);
    expect(await after()).toHaveLength(1);
  });

  it.each([
    ["a table", "create table public.mine (id int)", "public.mine"],
    [
      "an empty schema's function",
      "create schema other; create function other.f() returns int language sql as 'select 1'",
      "function other.f()",
    ],
    ["an account", "insert into auth.users (id) values (gen_random_uuid())", "rows of auth.users"],
  ])("refuses a target that holds %s, and leaves it as it is", async (_case, sql, name) => {
    const { target } = started;
    await target.query(sql);
    const before = definitionOf(target.superuserUrl);
    await expectRefusal(
      restore(),
      UserError,
      `holds data (${name}), and a restore goes into a new project only. A live database is put back by \`castchat-recovery restore in-place\`, and rows of single tables by \`castchat-recovery restore tables\`.`,
    );
    expect(definitionOf(target.superuserUrl)).toBe(before);
    expect(await started.marker()).toBeUndefined();
  });

  it("refuses a database that is half replaced, which looks empty, and leaves it as it is", async () => {
    const { backupId } = started.saved;
    await started.target.inSession(async (session) => {
      await beginReplacement(session, { restoreId: "replacement-1", backupId, startedAt: new Date() });
      await noteReplacement(session, { state: "aside" });
    });
    await expectRefusal(restore(), UserError, "so it holds a half-restored state");
    expect(await started.marker()).toBeUndefined();
  });

  describe("into a project whose realtime service has not made its table yet", () => {
    const timing = { ...realTiming, realtimeMs: 500, realtimeEveryMs: 20 };

    it("waits for the table", async () => {
      const { target } = started;
      await target.asSuperuser("alter table realtime.messages rename to later");
      const said: string[] = [];
      const reporter = (message: string) => {
        said.push(message);
        if (message.startsWith("Waiting")) void target.asSuperuser("alter table realtime.later rename to messages");
      };
      expect(await restore({ reporter, timing: { ...timing, realtimeMs: 30_000 } })).toMatchObject({ lost: [] });
      expect(said).toContain("Waiting for the project's Realtime service to make its table realtime.messages");
      await expectWhole();
    }, 60_000);

    it("continues without it, and names each policy, where to click and what to run", async () => {
      await started.target.asSuperuser("drop table realtime.messages");
      const { lost } = await restore({ timing });
      expect(lost).toEqual([
        expect.stringMatching(
          /^Not restored: the policy "applicants hear of their application" of realtime\.messages \(relation "realtime\.messages" does not exist\)\. .* open "Realtime", "Inspector" .* Then run in its SQL editor: create policy /,
        ),
      ]);
    }, 60_000);
  });

  it("continues after an abort, whatever it was doing", async () => {
    for (const phase of ["Making types", "Restoring", "Making indexes", "Comparing"]) {
      const stopping = abortAt(phase, new Error(`stopped while ${phase}`), 30);
      await expect(restore(stopping)).rejects.toThrow(`stopped while ${phase}`);
      expect(await started.marker()).toMatchObject({ backupId: started.saved.backupId, finishedAt: undefined });
    }
    expect((await restore()).backupId).toBe(started.saved.backupId);
    await expectWhole();
  }, 60_000);

  it("continues after a kill -9, with the same backup although a newer one has come", async () => {
    for (const phase of ["Making types", "Restoring", "Making indexes"]) {
      await killedAt(childOf("restoreChild"), started.order(), { phase, afterMs: 30 });
      expect(await started.marker()).toMatchObject({ backupId: started.saved.backupId, finishedAt: undefined });
    }
    await started.database.query("insert into public.page_views values ('/newer', now())");
    const newer = await started.backUp();
    expect(newer.rows).toBe(started.saved.rows + 1);
    expect((await restore()).backupId).toBe(started.saved.backupId);
    await expectWhole();
    // The other tests name the older one by its time, since they know its content.
    at = new Date(started.saved.snapshotAt);
  }, 60_000);

  it("refuses damaged parts before anything of them is run", async () => {
    const other = await started.cloud.newVault();
    const { backupId, tier } = await started.backUp({ vault: other });
    const damaged = () => restore({ at: undefined, vault: other });
    await tamper(other, `${tier}/${backupId}/managed-objects.sql.zst`, (bytes) => bytes.subarray(0, -10));
    await expectRefusal(damaged(), PromiseError, "managed-objects.sql.zst is damaged");
    expect(await started.target.query("select from pg_tables where schemaname in ('public', 'private')")).toEqual([]);
    await tamper(other, `${tier}/${backupId}/schema.dump.zst`, (bytes) =>
      Buffer.concat([bytes.subarray(0, 1000), bytes.subarray(1001)]),
    );
    await expect(damaged()).rejects.toThrow(/schema\.dump\.zst|frame|corrupt/i);
    expect(leftInTemporaryFolder()).toEqual([]);
  });

  it("refuses what no trusted key has signed, what isn't there, and what can't be reached", async () => {
    const stranger = await (await started.cloud.newSigner()).publicKeyPem();
    const closed = "postgresql://postgres:secret-word@127.0.0.1:9/postgres";
    const refusals: [Partial<RestoreOptions>, string | RegExp][] = [
      [{ trustedKeys: [stranger] }, /no proven full backup .*not signed by a trusted key/],
      [{ trustedKeys: [] }, "No key is trusted"],
      [{ vault: await started.cloud.newVault() }, "This vault has no proven full backup"],
      [{ at: new Date("2020-01-01T00:00:00Z") }, "There is no proven backup at or before 2020-01-01T00:00:00.000Z"],
      [{ at: undefined, backupId: "20200101T000000Z-000000" }, 'There is no backup "20200101T000000Z-000000"'],
      [{ targetUrl: closed }, "The database 127.0.0.1:9 cannot be reached"],
    ];
    for (const [more, message] of refusals) await expect(restore(more)).rejects.toThrow(message);
    await expect(readRestoreMarker(closed)).rejects.toThrow(UserError);
    expect(await started.marker()).toBeUndefined();
  });
});

describe("checkRestored", () => {
  /** Restores, and returns the manifest and what compares the target with it or another one. */
  const restored = async () => {
    await restore();
    const manifest = await started.savedManifest(started.saved.backupId);
    const { signal } = new AbortController();
    const check = (of = manifest) =>
      checkRestored({ targetUrl: started.target.url, applicationName: "test", manifest: of, signal });
    return { manifest, check };
  };
  /** One after the other, so that each is named beside the ones before it. */
  const expectNamed = async (check: () => Promise<unknown>, alterations: [sql: string, message: RegExp][]) => {
    for (const [sql, message] of alterations) {
      await started.target.query(sql);
      await expect(check()).rejects.toThrow(message);
    }
  };

  it("names each difference", async () => {
    const { check } = await restored();
    expect(await check()).toMatchObject({ posts: 150 });
    await expectNamed(check, [
      ["update public.posts set title = title || '!' where id = 7", /public\.posts has other content in its 150 rows/],
      ["insert into public.page_views values (null, null)", /public\.page_views has \d+ rows instead of \d+/],
      [
        "update auth.users set email = 'x' || email where id = (select min(id::text)::uuid from auth.users)",
        /auth\.users has other content/,
      ],
      ["grant insert on public.posts to anon", /rights on relation public\.posts is defined otherwise/],
      ["select setval('public.posts_id_seq', 3)", /sequence public\.posts_id_seq stands at 3 instead of \d+/],
      ["drop trigger on_auth_user_created on auth.users", /trigger auth\.users\.on_auth_user_created is missing/],
      ['drop policy "nobody" on private.payouts', /policy private\.payouts\.nobody is missing/],
      ["drop table private.reports; create view public.more as select 1", /; and [1-9]\d* more\.$/],
    ]);
    await expect(check()).rejects.toBeInstanceOf(PromiseError);
  });

  it("names rights that were granted beside, an extension that is gone, counts, and rows that refer to none", async () => {
    const { manifest, check } = await restored();
    await expect(check({ ...manifest, seedCounts: { users: -1, posts: -2, applications: -3 } })).rejects.toThrow(
      /there are \d+ users instead of -1; there are 150 posts instead of -2; there are \d+ applications instead of -3\.$/,
    );
    await expectNamed(check, [
      [
        "grant execute on function private.note_applications() to anon",
        /rights on function private\.note_applications\(\) is defined otherwise/,
      ],
      [
        "grant update on sequence public.never_called to anon",
        /rights on sequence public\.never_called is defined otherwise/,
      ],
      [
        "alter default privileges in schema private grant insert on tables to anon",
        /default rights of postgres in private on r is defined otherwise/,
      ],
      ["drop extension pg_trgm cascade", /extension pg_trgm is missing/],
      [
        "set session_replication_role = replica; delete from auth.users where id = (select user_id from auth.identities order by 1 limit 1)",
        /1 row of auth\.identities refers to none by identities_user_id_fkey/,
      ],
    ]);
  });
});
