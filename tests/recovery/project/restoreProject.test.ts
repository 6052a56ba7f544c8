import { createHash } from "node:crypto";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { generateX25519Identity, identityToRecipient } from "age-encryption";

import { RECOVERY_LOG_PREFIX } from "../../../planning/names.ts";
import type { ProjectContent } from "../../../services/databaseHost/projectContent.ts";
import { ServiceError } from "../../../services/http/http.ts";
import { ageOpener, ageSealer } from "../../../services/vault/age.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import type { TestDatabase } from "../../support/postgres.ts";
import {
  bytesOf,
  CODE,
  contentOfProject,
  IMAGE,
  namesIn,
  type Project,
  put,
  SECRET,
  startProject,
  startProjectSource,
  stopProject,
} from "../support/project.ts";
import { contentOf, runSql } from "../support/sample.ts";

let started: Awaited<ReturnType<typeof startProjectSource>>;
let source: Project;
const targets: Project[] = [];
beforeAll(async () => {
  started = await startProjectSource();
  ({ source } = started);
}, 60_000);
afterEach(() => Promise.all(targets.splice(0).map(stopProject)));
afterAll(() => started.stop());

/** An empty project, and its content outside the database. */
async function newTarget(): Promise<{ target: Project; content: ProjectContent }> {
  const target = await startProject();
  targets.push(target);
  return { target, content: contentOfProject(target) };
}

describe("a project's content outside the database", () => {
  it("is in the backup, each content with its hash, and comes back into another project", async () => {
    const identity = await generateX25519Identity();
    const { vault, manifest } = await started.backUp(contentOfProject(source), {
      sealer: ageSealer([await identityToRecipient(identity)]),
    });
    expect(namesIn(manifest)).toEqual([
      "function hello",
      "storage files/empty",
      "storage files/one.txt",
      "storage images/ä b/c%2F?#.jpg",
    ]);
    const image = manifest.files.find(({ contentType }) => contentType === "image/jpeg")!;
    expect(image).toMatchObject({
      contentBytes: IMAGE.length,
      contentSha256: createHash("sha256").update(IMAGE).digest("hex"),
    });
    expect(image.sizeBytes).toBeGreaterThan(IMAGE.length);
    expect(manifest.leftOut.map(({ what }) => what)).not.toContain("bytes of the objects in storage");
    expect(manifest.leftOut).toContainEqual({
      what: "values of the auth settings external_google_secret, smtp_pass",
      why: "the platform shows a hash in place of a secret: keep them elsewhere, and set them again after a restore",
    });
    for (const { key } of await vault.list(""))
      expect(Buffer.from((await vault.getBytes(key))!).toString("latin1")).not.toContain(SECRET);

    const { target, content } = await newTarget();
    const options = { opener: ageOpener([identity]) };
    const result = await started.restoreInto(target, vault, options);
    expect(result.project).toEqual({ storageObjects: 3, functions: 1, authSettings: 2 });
    expect(result.notes).toContainEqual(
      expect.stringMatching(/secrets of the auth service\. Set external_google_secret, smtp_pass again/),
    );
    expect(await recoveryLog(vault)).toMatchObject([{ result: "done", phases: result.phases }]);
    expect(result.phases.at(-1)?.name).toBe("project");
    expect(await bytesOf(content, "images", "ä b/c%2F?#.jpg")).toEqual(IMAGE);
    expect(await bytesOf(content, "files", "empty")).toEqual(Buffer.alloc(0));
    expect(await content.functionBody("hello")).toEqual(CODE);
    expect(await content.functions()).toEqual(await contentOfProject(source).functions());
    const settings = await content.authSettings();
    expect(settings).toMatchObject({ site_url: "https://castchat.example", jwt_exp: 1800 });
    // What the platform shows of a secret is not the secret, and must not become it.
    expect(Object.keys(settings).filter((name) => /secret|pass/.test(name))).toEqual([]);
    const rows = (database: TestDatabase) =>
      runSql<{ kept: string }>(
        database.url,
        "select bucket_id, name, owner_id, created_at, updated_at, last_accessed_at, user_metadata, metadata ->> 'cacheControl' as kept from storage.objects order by 1, 2",
      );
    expect(await rows(target.database)).toEqual(await rows(source.database));

    expect((await rows(target.database)).map(({ kept }) => kept)).toEqual(["no-cache", "max-age=3600", "no-cache"]);

    // The app continues. The same call does not overwrite what it stores.
    await put(content, "files", "one.txt", Buffer.from("newer"), "text/plain");
    const finishedBefore: unknown = expect.stringMatching(/^20\d\d-/);
    expect(await started.restoreInto(target, vault, options)).toEqual({ ...result, finishedBefore });
    expect(await recoveryLog(vault)).toHaveLength(1);
    expect(await bytesOf(content, "files", "one.txt")).toEqual(Buffer.from("newer"));
  }, 60_000);

  it("comes back when its bucket, or a new project, only takes smaller objects than before", async () => {
    const limits = "select id, allowed_mime_types, file_size_limit from storage.buckets order by id";
    await runSql(
      source.database.url,
      "update storage.buckets set allowed_mime_types = '{image/png}', file_size_limit = 10 where id = 'images'",
    );
    const { vault } = await started.backUp(contentOfProject(source));
    const { target, content } = await newTarget();
    try {
      await content.setSizeLimit(1000);
      expect((await started.restoreInto(target, vault)).project).toMatchObject({ storageObjects: 3 });
      expect(await bytesOf(content, "images", "ä b/c%2F?#.jpg")).toEqual(IMAGE);
      expect(await content.sizeLimit()).toBe(50 * 2 ** 20);
      expect(await runSql(target.database.url, limits)).toEqual(await runSql(source.database.url, limits));
    } finally {
      await runSql(
        source.database.url,
        "update storage.buckets set allowed_mime_types = '{image/jpeg}', file_size_limit = null where id = 'images'",
      );
    }
  }, 60_000);

  it("applies the auth service's other settings when it refuses one", async () => {
    const identity = await generateX25519Identity();
    const sealer = ageSealer([await identityToRecipient(identity)]);
    const { vault } = await started.backUp(contentOfProject(source), { sealer });
    const { target, content } = await newTarget();
    const refusing: ProjectContent = {
      ...content,
      setAuthSettings: (settings, signal) =>
        "jwt_exp" in settings
          ? Promise.reject(new ServiceError("Supabase", 400, "jwt_exp is not for this plan."))
          : content.setAuthSettings(settings, signal),
    };
    const result = await started.restoreInto(target, vault, { opener: ageOpener([identity]), project: refusing });
    expect(result.notes).toContainEqual(expect.stringMatching(/did not accept the settings jwt_exp\./));
    expect(await content.authSettings()).toMatchObject({ site_url: "https://castchat.example" });
  }, 60_000);

  it("is not restored when no project is named, and is restored later when one is", async () => {
    const { vault, manifest } = await started.backUp(contentOfProject(source));
    expect(manifest.leftOut).toContainEqual({
      what: "values of the auth settings",
      why: "no recipient is set to encrypt them to: set ageRecipients",
    });
    const { target, content } = await newTarget();
    const without = await started.restoreInto(target, vault, { project: undefined });
    expect(without.project).toBeUndefined();
    expect(without.notes).toContainEqual(expect.stringMatching(/^Not restored.*3 storage objects, 1 edge functions/));
    expect(await content.getObject({ bucket: "files", name: "one.txt" })).toBeUndefined();
    const before = await contentOf(target.database.url);
    // Interrupted during the uploads: the rows' own columns are not lost.
    const ended = new AbortController();
    const ending: ProjectContent = {
      ...content,
      putObject: async (place, sent, signal) => {
        await content.putObject(place, sent, signal);
        ended.abort(new DOMException("interrupted", "AbortError"));
      },
    };
    await expect(started.restoreInto(target, vault, { project: ending, signal: ended.signal })).rejects.toThrow(
      "interrupted",
    );
    const { project, notes, phases } = await started.restoreInto(target, vault);
    const own =
      "select name, owner_id, created_at, updated_at, last_accessed_at, user_metadata from storage.objects order by name";
    expect(await runSql(target.database.superuserUrl, own)).toEqual(await runSql(source.database.superuserUrl, own));
    const log = await recoveryLog(vault);
    expect(log.map((entry) => [entry.result, entry.phases.map(({ name }) => name)])).toEqual([
      ["done", phases.map(({ name }) => name).filter((name) => name !== "project")],
      ["failed", []],
      ["done", ["project"]],
    ]);
    expect(log.map((entry) => entry.backupId)).toEqual(Array(3).fill(manifest.backupId));
    expect(project).toEqual({ storageObjects: 3, functions: 1, authSettings: 0 });
    expect(notes).toContainEqual(expect.stringMatching(/no values of the auth settings\. Set them in the project/));
    expect(notes).not.toContainEqual(expect.stringContaining("Not restored"));
    expect(await bytesOf(content, "images", "ä b/c%2F?#.jpg")).toEqual(IMAGE);
    const after = await contentOf(target.database.url);
    // Its version and metadata are the service's own.
    delete after["storage.objects"];
    expect(before).toMatchObject(after);
  }, 60_000);

  it("keeps and lists what was stored, deployed or deleted meanwhile when the project is named later", async () => {
    const { vault } = await started.backUp(contentOfProject(source));
    const { target, content } = await newTarget();
    await started.restoreInto(target, vault, { project: undefined });
    await put(content, "files", "one.txt", Buffer.from("another one"), "text/plain");
    await content.deployFunction(
      { slug: "hello", name: "Hello", verifyJwt: false, importMap: true, entrypointPath: "file:///src/index.ts" },
      Buffer.from("newer code"),
    );
    await runSql(
      target.database.superuserUrl,
      "set session_replication_role = replica; delete from storage.objects where name = 'empty'",
    );
    const { project, notes } = await started.restoreInto(target, vault);
    expect(project).toMatchObject({ storageObjects: 1, functions: 0 });
    expect(notes).toContain(
      "Kept as they are, because they were changed or deleted after the database was restored: the edge function hello; the object files/empty; the object files/one.txt. Check that this is intended.",
    );
    expect(await bytesOf(content, "files", "one.txt")).toEqual(Buffer.from("another one"));
    expect(await content.functionBody("hello")).toEqual(Buffer.from("newer code"));
    expect(await bytesOf(content, "images", "ä b/c%2F?#.jpg")).toEqual(IMAGE);
    expect(await runSql(target.database.url, "select name from storage.objects order by name")).toEqual([
      { name: "one.txt" },
      { name: "ä b/c%2F?#.jpg" },
    ]);
  }, 60_000);
});

interface LogEntry {
  result: string;
  backupId: string;
  startedAt: string;
  phases: { name: string; durationMs: number }[];
}

async function recoveryLog(vault: Vault): Promise<LogEntry[]> {
  const entries = await Promise.all(
    (await vault.list(RECOVERY_LOG_PREFIX)).map(
      async ({ key }) => JSON.parse(String(Buffer.from((await vault.getBytes(key))!))) as LogEntry,
    ),
  );
  return entries.sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
}
