import { describe, expect, it } from "@jest/globals";

import { listAllPublications, listJobs } from "../../../../recovery/postgres/catalog/heldBack.ts";
import { withSession } from "../../../../recovery/postgres/session/database.ts";
import { restore } from "../../../../recovery/restore/recipes/restore.ts";
import { release, type ReleaseOptions } from "../../../../recovery/restore/release/release.ts";
import { PromiseError, UserError } from "../../../../services/common/errors.ts";
import { expectRefusal } from "../../../support/refusal.ts";
import { forSuite } from "../../../support/suite.ts";
import { startRestoring } from "../../support/restoring.ts";
import { definitionOf, runSql } from "../../support/sample.ts";
import { newSite, prepared } from "../../support/source.ts";

const SECRET = "eyJhbGciOiJub25lIn0";

const started = forSuite(() =>
  prepared(startRestoring(), async ({ database, backUp, savedManifest }) => {
    await database.query(`create schema "Ünïque"; create table "Ünïque"."T t" (id int primary key, "a b" text); create table public.posts (id int primary key, title text, secret text);
       create table public.plain (id int primary key);
       alter publication supabase_realtime add table public.posts (id, title) where (id > 0), "Ünïque"."T t";
       create publication partners for table public.posts with (publish = 'insert', publish_via_partition_root = true);
       comment on publication partners is 'It''s \\ theirs'; create publication nothing_yet; alter publication nothing_yet set (publish = 'delete');
       create extension pg_cron;
       select cron.schedule('nightly 夜', '0 3 * * *', $$select 'it''s \\ ${SECRET}'$$);
       select cron.schedule('*/5 * * * *', 'select 2'); select cron.schedule('*/5 * * * *', 'select 2');
       select cron.alter_job(cron.schedule('off', '@daily', 'select 3'), active => false)`);
    await backUp();
    return { manifest: await savedManifest() };
  }),
);

const releaseTarget = (more: Partial<ReleaseOptions> = {}) =>
  release({ ...started.common, databaseUrl: started.target.url, ...more });
const jobIds = () => started.target.query("select jobid from cron.job order by 1");

describe("what a restore holds back", () => {
  it("is in the backup, and its manifest shows no command", () => {
    const { manifest } = started;
    expect(manifest.publications).toEqual(["nothing_yet", "partners", "supabase_realtime"]);
    expect(manifest.jobs.map(({ name, active }) => [name, active])).toEqual([
      ["nightly 夜", true],
      ["off", false],
      [null, true],
      [null, true],
    ]);
    expect(JSON.stringify(manifest)).not.toContain(SECRET);
  });

  it("is released from no database but a restored one, once its restore is finished", async () => {
    const { target } = started;
    await expect(releaseTarget()).rejects.toThrow(/was not restored by castchat-recovery/);
    const { notes } = await started.restore();
    expect(notes).toEqual([
      "Held back until `castchat-recovery resume-jobs`: 4 scheduled jobs and the publications nothing_yet, partners, supabase_realtime.",
    ]);
    expect(await target.inSession(listJobs)).toEqual([]);
    const publications = await target.inSession(listAllPublications);
    expect(publications.map(({ name, tables }) => [name, tables])).toEqual([["supabase_realtime", []]]);

    await target.query("update castchat_recovery.restore set phase = 'data'");
    await expect(releaseTarget()).rejects.toThrow(/is not finished \(phase "data"\)/);
    await target.query("update castchat_recovery.restore set phase = 'finished'");
    const other = releaseTarget({ backupId: "20260101T000000Z-aaaaaa" });
    await expect(other).rejects.toThrow(/was restored from \S+, not from 20260101T000000Z-aaaaaa/);
    const stranger = await (await started.cloud.newSigner()).publicKeyPem();
    await expect(releaseTarget({ trustedKeys: [stranger] })).rejects.toBeInstanceOf(UserError);
    expect(await target.inSession(listJobs)).toEqual([]);
  }, 60_000);

  it("is carried on by a backup of the restored database, until it is released", async () => {
    const { database, target, common } = started;
    await target.query("select cron.schedule('*/5 * * * *', 'select 2')");
    const site = await newSite(started.cloud);
    const second = await target.newDatabase();
    try {
      await site.backUp(target.url);
      const { notes } = await restore({ ...common, ...site.common, targetUrl: second.url, generation: 2 });
      expect(notes).toEqual([
        expect.stringContaining("4 scheduled jobs and the publications nothing_yet, partners, supabase"),
      ]);
      await release({ ...site.common, databaseUrl: second.url });
      const published = (url: string) => withSession(url, { applicationName: "test" }, listAllPublications);
      expect(await published(second.url)).toEqual(await published(database.url));
      const jobs = await withSession(second.url, { applicationName: "test" }, listJobs);
      expect(jobs.map(({ name, schedule }) => [name, schedule])).toEqual(
        (await database.inSession(listJobs)).map(({ name, schedule }) => [name, schedule]),
      );
      expect(await runSql(second.url, "select from castchat_recovery.held_back")).toEqual([]);
    } finally {
      await second.remove();
      await target.query("select cron.unschedule(jobid) from cron.job");
    }
  }, 60_000);

  it("comes back as it was, beside what is there already", async () => {
    const { database, target, manifest } = started;
    await target.query("select cron.schedule('*/5 * * * *', 'select 2')");
    const { items } = await releaseTarget({ backupId: manifest.backupId });
    expect(items.map(({ kind, state }) => `${kind} ${state}`)).toEqual([
      ...["publication released", "publication released", "publication released"],
      ...["job released", "job released", "job there already", "job released"],
    ]);
    expect(await target.inSession(listJobs)).toEqual(await database.inSession(listJobs));
    expect(await target.inSession(listAllPublications)).toEqual(await database.inSession(listAllPublications));
    expect(definitionOf(target.superuserUrl)).toBe(definitionOf(database.superuserUrl));
  });

  it("is not changed by a second release, even if it was altered since", async () => {
    const { target } = started;
    const ids = await jobIds();
    expect((await releaseTarget()).items.map(({ state }) => state)).toEqual(Array(7).fill("there already"));
    await target.query(`select cron.schedule('off', '@weekly', 'select 3'); alter publication supabase_realtime add table public.plain;
       alter publication partners set (publish = 'insert, delete')`);
    const changed = (await releaseTarget()).items.filter(({ state }) => state !== "there already");
    const options = ["its options are publish = 'insert, delete', publish_via_partition_root = true"];
    expect(changed).toEqual([
      expect.objectContaining({ name: "partners", state: "differs", differences: options }),
      expect.objectContaining({ name: "supabase_realtime", differences: ["it also publishes public.plain"] }),
      expect.objectContaining({ name: "off", differences: ["its schedule is @weekly", "it is active"] }),
    ]);
    expect(await jobIds()).toEqual(ids);
    const schedule = "select schedule from cron.job where jobname = 'off'";
    expect(await target.query(schedule)).toEqual([{ schedule: "@weekly" }]);
  });

  it("is named if it can't be brought back, and the rest is brought back", async () => {
    const { target } = started;
    await target.asSuperuser(`drop publication partners; alter publication supabase_realtime drop table "Ünïque"."T t"; drop table "Ünïque"."T t";
       create schema other; alter extension pg_cron drop function cron.schedule(text, text);
       create or replace function cron.schedule(schedule text, command text) returns bigint language plpgsql as 'begin raise exception ''no more jobs''; end';
       select cron.unschedule(jobid) from cron.job where username = 'supabase_admin'; delete from cron.job where jobname is null or jobname = 'off'`);
    await expectRefusal(
      releaseTarget(),
      PromiseError,
      /4 of 7 jobs and publications are back\. 3 could not be brought back: publication supabase_realtime: relation .* does not exist\. job without a name \(\*\/5 \* \* \* \*\): no more jobs/,
    );
    expect((await target.inSession(listJobs)).map(({ name, active }) => [name, active])).toEqual([
      ["nightly 夜", true],
      ["off", false],
    ]);
    expect((await target.inSession(listAllPublications)).map(({ name }) => name)).toContain("partners");
  });
});
