import { readFile, writeFile } from "node:fs/promises";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { compareSnapshots } from "../../../../lab/drills/compare/compare.ts";
import { compareProjects } from "../../../../lab/drills/compare/compareProjects.ts";
import { type ProjectSnapshot, takeProjectSnapshot } from "../../../../lab/drills/compare/projectSnapshot.ts";
import { takeSnapshot } from "../../../../lab/drills/compare/snapshot.ts";
import type { DatabaseSnapshot } from "../../../../lab/drills/compare/types.ts";
import { storageFile } from "../../../../lab/sandbox/emulators/supabaseStorage.ts";
import { applySchema, fill } from "../../../../lab/sandbox/sample/database.ts";
import { type FilledContent, fillProject } from "../../../../lab/sandbox/sample/projectContent.ts";
import {
  askManagement,
  askStorage,
  type ProjectPlace,
  serviceKey,
} from "../../../../lab/sandbox/sample/projectPlace.ts";
import { type Project, startProject, stopProject } from "../../../recovery/support/project.ts";
import { runSql } from "../../../recovery/support/sample.ts";
import { TOKEN } from "../../sandbox/emulators/support.ts";

const MOVIE = { bucket: "attachments", name: "オーディション 動画/第1回 (final).mp4" };
const CHECKS = {
  objects: "every storage object is as before, byte for byte",
  functions: "every edge function is as before, code and settings",
  settings: "every setting of the auth service is as before",
  secrets: "every secret of the vault decrypts to what it was",
};

let project: Project;
let database: Project["database"];
let place: ProjectPlace;
let filled: FilledContent;
let rows: DatabaseSnapshot;
let before: ProjectSnapshot;

beforeAll(async () => {
  project = await startProject();
  ({ database } = project);
  place = { ref: project.ref, databaseUrl: database.url, supabase: project.address, token: TOKEN };
  await applySchema(database.url);
  await fill(database.url, { rows: 60 });
  filled = await fillProject(place);
  before = await takeProjectSnapshot(place);
  rows = await takeSnapshot(database.url);
}, 60_000);
afterAll(() => stopProject(project));

/** The checks that fail after some damage, by their names, each with its detail. */
async function failing(): Promise<Record<string, string>> {
  const checks = compareProjects(before, await takeProjectSnapshot(place));
  expect(checks).toHaveLength(4);
  return Object.fromEntries(checks.filter(({ ok }) => !ok).map(({ name, detail }) => [name, detail]));
}

/** Expects that exactly one check fails, or none. */
const finds = async (check: keyof typeof CHECKS, detail: unknown) =>
  expect(await failing()).toEqual({ [CHECKS[check]]: detail });
const findsNothing = async () => expect(await failing()).toEqual({});

async function rowOf({ bucket, name }: { bucket: string; name: string }) {
  const [row] = await runSql<{ version: string; last: string; updated: string }>(
    database.url,
    `select version, last_accessed_at::text as last, updated_at::text as updated from storage.objects where bucket_id = '${bucket}' and name = '${name}'`,
  );
  return row!;
}

async function objectBytes(object: { bucket: string; name: string }): Promise<Buffer> {
  const answer = await askStorage(place, await serviceKey(place), object);
  return Buffer.from(await answer.arrayBuffer());
}

const setAuth = (settings: object) =>
  askManagement(place, "config/auth", {
    method: "PATCH",
    contentType: "application/json",
    body: Buffer.from(JSON.stringify(settings)),
  });

async function deploy(query: string, code: Buffer): Promise<void> {
  const sent = { method: "PATCH" as const, contentType: "application/vnd.denoland.eszip", body: code };
  await askManagement(place, `functions/notify-applicants?${query}`, sent);
}

describe("the sample's content outside the database", () => {
  it("has bytes for every row of storage.objects, including empty and large ones, and nothing of a new project", async () => {
    const objects = Object.values(before.objects);
    expect(objects).toHaveLength(filled.storageObjects);
    expect(objects.every(({ sha256 }) => sha256 !== undefined)).toBe(true);
    expect(objects.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(filled.storageBytes);
    expect(objects.map(({ bytes }) => bytes)).toEqual(expect.arrayContaining([0, 1, 3_000_001]));
    expect(filled).toMatchObject({ functions: 1, authSettings: 8 });
    const [sizes] = await runSql<{ wrong: number }>(
      database.url,
      "select count(*)::int as wrong from storage.objects where metadata ->> 'size' is distinct from metadata ->> 'contentLength'",
    );
    expect(sizes!.wrong).toBe(0);
  });

  it("is the same each time it is created", () => {
    expect(before.objects["attachments/オーディション 動画/第1回 (final).mp4"]?.sha256).toBe(
      "501e44af2c8184fe0336f4e69fb9bbd86c7392ce2dea55c9a77025e0b039ea2f",
    );
  });

  it("can't be created when the project refuses", async () => {
    await expect(fillProject({ ...place, token: "wrong" })).rejects.toThrow(/api-keys was answered with 401/);
    await expect(fillProject({ ...place, ref: "zzzzzzzzzzzzzzzzzzzz" })).rejects.toThrow(/404: .*Project not found/);
    await findsNothing();
  });
});

describe("compareProjects", () => {
  it("passes for the same content, and counts it", async () => {
    const checks = compareProjects(before, await takeProjectSnapshot(place));
    expect(checks.map(({ ok, detail }) => [ok, detail])).toEqual([
      [true, "11 storage objects, 3.2 MB: every byte the same (SHA-256)"],
      [true, "1 edge function the same (SHA-256)"],
      [true, `${Object.keys(before.authSettings).length} auth settings the same (SHA-256)`],
      [true, "1 vault secret the same (SHA-256 of the decrypted value)"],
    ]);
  });

  it("finds one flipped bit of an object, also when its row is unchanged", async () => {
    const { version } = await rowOf(MOVIE);
    const file = storageFile(project.bed.deps.paths.emulators, place.ref, MOVIE.bucket, MOVIE.name, version);
    const bytes = await readFile(file);
    bytes[2_000_000]! ^= 1;
    await writeFile(file, bytes);
    await finds("objects", "1 difference: attachments/オーディション 動画/第1回 (final).mp4 has other bytes");
    expect(compareSnapshots(rows, await takeSnapshot(database.url))).toEqual([]);
    bytes[2_000_000]! ^= 1;
    await writeFile(file, bytes);
    await findsNothing();
  });

  it("finds an object that is cut off, of another type, without bytes, without a row, or new", async () => {
    const key = await serviceKey(place);
    const put = (object: { bucket: string; name: string }, contentType: string, body: Buffer) =>
      askStorage(place, key, object, {
        method: "POST" as const,
        contentType,
        body,
        // The movie's own, so that no more differs than what a test means.
        cacheControl: "max-age=31536000",
      });
    const [row, movie] = [await rowOf(MOVIE), await objectBytes(MOVIE)];
    await put(MOVIE, "video/mp4", movie.subarray(1));
    await finds("objects", expect.stringMatching(/mp4 has 3000000 bytes, not 3000001$/));
    await put(MOVIE, "video/quicktime", movie);
    await finds("objects", expect.stringMatching(/mp4 is video\/quicktime, not video\/mp4$/));
    // Another version and another date of the same: no difference, neither here nor in its row.
    await put(MOVIE, "video/mp4", movie);
    await findsNothing();
    expect((await rowOf(MOVIE)).version).not.toBe(row.version);
    await runSql(
      database.superuserUrl,
      `set session_replication_role = replica; update storage.objects set last_accessed_at = '${row.last}', updated_at = '${row.updated}' where version = '${(await rowOf(MOVIE)).version}'`,
    );
    expect(compareSnapshots(rows, await takeSnapshot(database.url))).toEqual([]);
    await put({ bucket: "attachments", name: "new" }, "text/plain", Buffer.from("new"));
    await finds("objects", "1 difference: attachments/new has appeared");
    await runSql(
      database.superuserUrl,
      `set storage.allow_delete_query = true; delete from storage.objects where name = 'new'; update storage.objects set version = 'none' where name = 'empty.txt'`,
    );
    await finds("objects", "1 difference: attachments/empty.txt has a row and no bytes");
    await runSql(
      database.superuserUrl,
      "set storage.allow_delete_query = true; delete from storage.objects where name = 'empty.txt'",
    );
    await finds("objects", "1 difference: attachments/empty.txt is missing");
    await put({ bucket: "attachments", name: "empty.txt" }, "text/plain", Buffer.alloc(0));
    await findsNothing();
  });

  it("finds changes of a function's code and settings, but ignores another deployment of the same", async () => {
    const answer = await askManagement(place, "functions/notify-applicants/body");
    const code = Buffer.from(await answer.arrayBuffer());
    const query =
      "name=応募者に通知&import_map=true&entrypoint_path=file:///src/index.ts&import_map_path=file:///src/import_map.json";
    const other = Buffer.from(code);
    other[other.length - 100]! ^= 1;
    await deploy(`${query}&verify_jwt=false`, other);
    await finds("functions", "1 difference: notify-applicants has other code");
    await deploy(`${query}&verify_jwt=true`, code);
    await finds("functions", "1 difference: notify-applicants has other settings");
    await deploy(`${query}&verify_jwt=false`, code);
    await findsNothing();
  });

  it("finds a changed, a lost and a new auth setting, and shows no value", async () => {
    await setAuth({ jwt_exp: 3600, smtp_host: "not-theirs.example" });
    // The platform adds settings, and gives others up.
    const { site_url: added, ...others } = before.authSettings;
    const known = before.authSettings;
    before = { ...before, authSettings: { ...others, given_up: "hash" } };
    const found = await failing();
    expect(found).toEqual({
      [CHECKS.settings]:
        "4 differences: given_up is missing; jwt_exp has another value; site_url has appeared; smtp_host has another value",
    });
    expect(added).toBeDefined();
    before = { ...before, authSettings: known };
    // A secret shows another hash in each project, so it is named as not compared.
    await setAuth({ jwt_exp: 1800, smtp_host: "smtp.castchat.example", smtp_pass: "not-theirs" });
    expect(before.leftOut.map(({ what }) => what)).toContain("secrets among the auth settings");
    expect(JSON.stringify([found, before])).not.toMatch(/not-theirs|sample-only/);
    await findsNothing();
  });

  it("finds a vault secret that decrypts to something else, and a lost one", async () => {
    const setSecret = (value: string) =>
      runSql(database.url, `select vault.update_secret(id, '${value}') from vault.secrets where name = 'payments_key'`);
    await setSecret("sample-only-not-the-key");
    await finds("secrets", "1 difference: payments_key has another value");
    await setSecret("sample-only-not-a-key 鍵");
    await findsNothing();
    await runSql(database.url, "delete from vault.secrets");
    await finds("secrets", "1 difference: payments_key is missing");
  });

  it("proves nothing about a kind that did not exist before", () => {
    const nothing: ProjectSnapshot = { objects: {}, functions: {}, authSettings: {}, vaultSecrets: {}, leftOut: [] };
    expect(compareProjects(nothing, nothing).map(({ ok }) => ok)).toEqual([false, false, false, false]);
    const hollow = { ...before, objects: { "a/b": { bytes: 0, contentType: "", sha256: undefined } } };
    const [objects] = compareProjects(hollow, hollow);
    expect(objects).toMatchObject({ ok: false, detail: "1 difference: a/b had a row and no bytes before" });
  });

  it("names what it does not compare", () => {
    expect(before.leftOut.map(({ what }) => what)).toContain("id, version, created_at, updated_at of an edge function");
    expect(rows.leftOut.map(({ what }) => what)).toEqual(
      expect.arrayContaining(["version of storage.objects", "metadata ->> lastModified of storage.objects"]),
    );
  });
});
