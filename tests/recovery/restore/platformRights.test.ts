import { describe, expect, it } from "@jest/globals";

import { replace } from "../../../recovery/restore/inPlace/replace.ts";
import { restore } from "../../../recovery/restore/recipes/restore.ts";
import type { RestoreOptions } from "../../../recovery/restore/run/restoreOptions.ts";
import { PromiseError } from "../../../services/common/errors.ts";
import { expectRefusal } from "../../support/refusal.ts";
import { forSuite } from "../../support/suite.ts";
import { type FreshDatabase, startTargetServer } from "../../support/targetServer.ts";
import { startTestCloud } from "../support/cloud.ts";
import { resign } from "../support/resign.ts";
import { runSql } from "../support/sample.ts";
import { newSite } from "../support/source.ts";

const cloud = forSuite(startTestCloud);
const sources = forSuite(startTargetServer);
const targets = forSuite(startTargetServer);

const HMAC = "extensions.hmac(bytea, bytea, text)";
const TABLE = "create table public.posts (id int primary key); insert into public.posts values (1)";

/** Backs up a new project's database after its owner and the platform have changed it; restores it into another new one. */
async function restored(byPlatform: string, byOwner = "", intoPlatform = "", isOld = false) {
  const [source, target] = await Promise.all([sources.newDatabase(), targets.newDatabase()]);
  await runSql(source.superuserUrl, byPlatform);
  await runSql(source.url, `${TABLE}; ${byOwner}`);
  await runSql(target.superuserUrl, intoPlatform);
  const site = await newSite(cloud);
  const saved = await site.backUp(source.url);
  if (isOld) await resign(site.vault, site.signer, saved, (manifest) => delete manifest.platformRights);
  const again = (more: Partial<RestoreOptions> = {}) =>
    restore({ ...site.common, targetUrl: target.url, generation: 1, ...more });
  return { ended: again(), target, again };
}

const mayRun = async ({ url }: FreshDatabase, role: string, routine: string) => {
  const query = `select has_function_privilege('${role}', '${routine}', 'execute') as may`;
  return (await runSql<{ may: boolean }>(url, query))[0]!.may;
};

describe("rights on what the platform and extensions have made", () => {
  it("are left as they are if the target has them already, as on every hosted project", async () => {
    const { ended } = await restored("", "create extension citext with schema extensions");
    expect((await ended).notes).toEqual([]);
  }, 30_000);

  it("are granted again if the platform permits it, and named otherwise", async () => {
    const { ended, target } = await restored(
      "create role app; grant select on storage.migrations to app; grant execute on function pg_catalog.pg_reload_conf() to app",
      `grant select (email) on auth.users to app; grant execute on function extensions.crypt(text, text) to app with grant option; create extension citext with schema public;
       create table public.logins (name public.citext); revoke execute on function public.citext_eq(public.citext, public.citext) from anon`,
    );
    expect((await ended).notes).toEqual([
      "The platform does not let the restore grant 2 rights on the platform's own objects that the backup has: app may EXECUTE routine pg_reload_conf(); app may SELECT table storage.migrations.",
    ]);
    const granted = `select has_column_privilege('app', 'auth.users', 'email', 'select') as email,
      has_function_privilege('app', 'extensions.crypt(text, text)', 'execute with grant option') as crypt`;
    expect(await runSql(target.url, granted)).toEqual([{ email: true, crypt: true }]);
  }, 30_000);

  it("come back revoked, or the restore fails and names the right that lets a role in", async () => {
    const revoked = "revoke execute on function extensions.hmac(bytea, bytea, text) from public";
    const kept = await restored(revoked, "", "alter function extensions.hmac(bytea, bytea, text) owner to postgres");
    expect((await kept.ended).notes).toEqual([]);
    expect(await mayRun(kept.target, "anon", HMAC)).toBe(false);
    const { ended, target, again } = await restored(revoked);
    await expectRefusal(
      ended,
      PromiseError,
      'everyone (PUBLIC) may EXECUTE routine extensions.hmac(bytea,bytea,text), which the source had not given (have the owner run "revoke EXECUTE on routine extensions.hmac(bytea,bytea,text) from public", or accept it by --accept-broader-rights)',
    );
    expect(await mayRun(target, "anon", HMAC)).toBe(true);
    expect((await again({ acceptsBroaderRights: true })).notes).toEqual([
      "1 right lets in a role that the backup's source had kept out: everyone (PUBLIC) may EXECUTE routine extensions.hmac(bytea,bytea,text).",
    ]);
  }, 30_000);

  it("of the API's roles on the platform's tables may be wider in a newer project, which is named", async () => {
    const { ended } = await restored("", "", "grant select on storage.migrations to authenticated");
    expect((await ended).notes).toEqual([
      "A new project grants its API more on the platform's own objects than the backup's source did: authenticated may SELECT table storage.migrations.",
    ]);
  }, 30_000);

  it("are not compared on an extension that the source lacked, and no fault if the platform gives more than an unchanged source had", async () => {
    const { ended } = await restored(
      "create extension pg_stat_statements with schema extensions",
      "",
      `create extension pg_stat_statements with schema extensions; create extension dblink with schema extensions;
       grant execute on function extensions.dblink_connect_u(text) to anon; grant execute on function extensions.pg_stat_statements_reset(oid, oid, bigint, boolean) to service_role`,
    );
    expect((await ended).notes).toEqual([
      "A new project grants its API more on the platform's own objects than the backup's source did: service_role may EXECUTE routine extensions.pg_stat_statements_reset(oid,oid,bigint,boolean).",
    ]);
  }, 30_000);

  it("of a backup that does not record them are tried as its archive has them, and named", async () => {
    const { ended, target } = await restored(
      `create role old; grant execute on function pg_catalog.pg_reload_conf() to old`,
      "grant execute on function extensions.crypt(text, text) to old with grant option",
      "",
      true,
    );
    expect((await ended).notes).toEqual([
      "This backup does not record its source's rights on the platform's own objects and on extensions. 2 statements about them were tried, and 1 was refused: GRANT ALL ON FUNCTION pg_catalog.pg_reload_conf() TO old (permission denied for function pg_reload_conf). Compare those rights by hand.",
    ]);
    expect(await mayRun(target, "old", "extensions.crypt(text, text)")).toBe(true);
  }, 30_000);

  it("are revoked again by a replacement of a state that had granted them", async () => {
    const live = await sources.newDatabase();
    await runSql(live.superuserUrl, `revoke execute on function ${HMAC} from public`);
    await runSql(live.url, TABLE);
    const site = await newSite(cloud);
    const { backupId } = await site.backUp(live.url);
    await runSql(live.url, `grant execute on function ${HMAC} to public`);
    expect(await mayRun(live, "anon", HMAC)).toBe(true);
    const { notes } = await replace(site.replacing(live.url, { backupId }));
    expect(await mayRun(live, "anon", HMAC)).toBe(false);
    expect(notes.filter((note) => note.includes("rights"))).toEqual([]);
  }, 30_000);
});
