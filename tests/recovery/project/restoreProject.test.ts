import { hash } from "node:crypto";

import { afterEach, describe, expect, it } from "@jest/globals";

import { lossText } from "../../../recovery/restore/run/restoreLosses.ts";
import type { ProjectContent } from "../../../services/databaseHost/projectContent.ts";
import { ServiceError } from "../../../services/http/http.ts";
import type { TestDatabase } from "../../support/postgres.ts";
import { forSuite } from "../../support/suite.ts";
import { newAgeKey } from "../support/ageKey.ts";
import {
  bytesOf,
  CODE,
  contentOfProject,
  IMAGE,
  namesIn,
  PICTURE,
  type Project,
  put,
  SECRET,
  startProject,
  startProjectSource,
  stopProject,
  STORED,
} from "../support/project.ts";
import { contentOf, recoveryLogOf } from "../support/sample.ts";

const started = forSuite(startProjectSource);
const targets: Project[] = [];
afterEach(() => Promise.all(targets.splice(0).map(stopProject)));

const inSource = (sql: string) => started.source.database.query(sql);
const backUp = (more?: Parameters<typeof started.backUp>[1]) => started.backUp(contentOfProject(started.source), more);

/** An empty project, and its content outside the database. */
async function newTarget(): Promise<{ target: Project; content: ProjectContent }> {
  const target = await startProject();
  targets.push(target);
  return { target, content: contentOfProject(target) };
}

describe("a project's content outside the database", () => {
  it("is in the backup, each content with its hash, and comes back into another project", async () => {
    const { sealer, opener } = await newAgeKey();
    const { vault, manifest } = await backUp({ sealer });
    expect(namesIn(manifest)).toEqual(["function hello", ...STORED.map((name) => `storage ${name}`)]);
    expect(manifest.machine).toEqual({ compute: "micro", diskGb: 8 });
    const image = manifest.files.find(({ contentType }) => contentType === "image/jpeg")!;
    expect(image).toMatchObject({ contentBytes: IMAGE.length, contentSha256: hash("sha256", IMAGE) });
    expect(image.sizeBytes).toBeGreaterThan(IMAGE.length);
    expect(manifest.leftOut.map(({ what }) => what)).not.toContain("bytes of the objects in storage");
    expect(manifest.leftOut).toContainEqual({
      what: "values of the auth settings external_google_secret, smtp_pass",
      why: "the platform shows a hash in place of a secret: keep them elsewhere, and set them again after a restore",
    });
    for (const { key } of await vault.list(""))
      expect(Buffer.from((await vault.getBytes(key))!).toString("latin1")).not.toContain(SECRET);

    const { target, content } = await newTarget();
    const result = await started.restoreInto(target, vault, { opener });
    expect(result.project).toEqual({ storageObjects: 3, functions: 1, authSettings: 2 });
    expect(result.notes).toContainEqual(
      expect.stringMatching(/secrets of the auth service\. Set external_google_secret, smtp_pass again/),
    );
    expect(await recoveryLogOf(vault)).toMatchObject([{ entry: { result: "done", phases: result.phases } }]);
    expect(result.phases.at(-1)?.name).toBe("project");
    expect(await bytesOf(content, "images", PICTURE)).toEqual(IMAGE);
    expect(await bytesOf(content, "files", "empty")).toEqual(Buffer.alloc(0));
    const deployed = await content.functionBody("hello");
    expect(content.codeDigest(deployed!)).toBe(content.codeDigest(CODE));
    // The platform encodes it again at each deployment.
    expect(deployed).not.toEqual(CODE);
    expect(await content.functions()).toEqual(await contentOfProject(started.source).functions());
    const settings = await content.authSettings();
    expect(settings).toMatchObject({ site_url: "https://castchat.example", jwt_exp: 1800 });
    // What the platform shows of a secret is not the secret, and must not become it.
    const set = Object.entries(settings).flatMap(([name, value]) => (value === null ? [] : name));
    expect(set.filter((name) => /secret|pass/.test(name))).toEqual([]);
    const rows = (database: TestDatabase) =>
      database.query<{ kept: string }>(
        "select bucket_id, name, owner_id, created_at, updated_at, last_accessed_at, user_metadata, metadata ->> 'cacheControl' as kept from storage.objects order by 1, 2",
      );
    expect(await rows(target.database)).toEqual(await rows(started.source.database));

    expect((await rows(target.database)).map(({ kept }) => kept)).toEqual(["no-cache", "max-age=3600", "no-cache"]);

    // The app continues. The same call does not overwrite what it stores.
    await put(content, "files", "one.txt", Buffer.from("newer"), "text/plain");
    const finishedBefore: unknown = expect.stringMatching(/^20\d\d-/);
    expect(await started.restoreInto(target, vault, { opener })).toEqual({ ...result, finishedBefore });
    expect(await recoveryLogOf(vault)).toHaveLength(1);
    expect(await bytesOf(content, "files", "one.txt")).toEqual(Buffer.from("newer"));
  }, 60_000);

  it("comes back when its bucket, or a new project, only takes smaller objects than before", async () => {
    const limits = "select id, allowed_mime_types, file_size_limit from storage.buckets order by id";
    const limit = (types: string, size: string) =>
      inSource(
        `update storage.buckets set allowed_mime_types = '{${types}}', file_size_limit = ${size} where id = 'images'`,
      );
    await limit("image/png", "10");
    const { vault } = await backUp();
    const { target, content } = await newTarget();
    try {
      await content.setSizeLimit(1000);
      expect((await started.restoreInto(target, vault)).project).toMatchObject({ storageObjects: 3 });
      expect(await bytesOf(content, "images", PICTURE)).toEqual(IMAGE);
      expect(await content.sizeLimit()).toBe(50 * 2 ** 20);
      expect(await target.database.query(limits)).toEqual(await inSource(limits));
    } finally {
      await limit("image/jpeg", "null");
    }
  }, 60_000);

  it("does without the sizes of the database that a token may not read, and says so", async () => {
    const size = () => Promise.reject(new ServiceError("Supabase", 403, "The token may not (403)."));
    const { manifest, result } = await started.backUp({ ...contentOfProject(started.source), size });
    expect(manifest.machine).toBeUndefined();
    expect(manifest.leftOut).toContainEqual({
      what: "the sizes of the database's compute and disk",
      why: "The token may not (403).",
    });
    expect(result.leftOut.filter(({ failed }) => failed)).toEqual([]);
  });

  it("applies the auth service's other settings when it refuses one", async () => {
    const { sealer, opener } = await newAgeKey();
    const { vault } = await backUp({ sealer });
    const { target, content } = await newTarget();
    const refusing: ProjectContent = {
      ...content,
      setAuthSettings: (settings, signal) =>
        "jwt_exp" in settings
          ? Promise.reject(new ServiceError("Supabase", 400, "jwt_exp is not for this plan."))
          : content.setAuthSettings(settings, signal),
    };
    const result = await started.restoreInto(target, vault, { opener, project: refusing });
    expect(result.notes).toContainEqual(
      expect.stringMatching(
        /^1 auth settings could not be brought back: jwt_exp \(the auth service did not accept it\)\. Correct /,
      ),
    );
    expect(lossText(result)).toBe(
      `The database of ${result.backupId} is restored, but not all of the backup is there: 1 auth settings. The notes list each, with the reason.`,
    );
    expect(await content.authSettings()).toMatchObject({ site_url: "https://castchat.example" });
  }, 60_000);

  it("is not restored when no project is named, and is restored later when one is", async () => {
    const { vault, manifest } = await backUp();
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
    const interrupted = started.restoreInto(target, vault, { project: ending, signal: ended.signal });
    await expect(interrupted).rejects.toThrow("interrupted");
    const { project, notes, phases } = await started.restoreInto(target, vault);
    const own =
      "select name, owner_id, created_at, updated_at, last_accessed_at, user_metadata from storage.objects order by name";
    expect(await target.database.asSuperuser(own)).toEqual(await started.source.database.asSuperuser(own));
    const log = (await recoveryLogOf(vault)).map(({ entry }) => entry);
    const namesOf = (taken: unknown) => (taken as typeof phases).map(({ name }) => name);
    expect(log.map((entry) => [entry["result"], namesOf(entry["phases"])])).toEqual([
      ["done", namesOf(phases).filter((name) => name !== "project")],
      ["failed", []],
      ["done", ["project"]],
    ]);
    expect(log.map((entry) => entry["backupId"])).toEqual(Array(3).fill(manifest.backupId));
    expect(project).toEqual({ storageObjects: 3, functions: 1, authSettings: 0 });
    expect(notes).toContainEqual(expect.stringMatching(/no values of the auth settings\. Set them in the project/));
    expect(notes).not.toContainEqual(expect.stringContaining("Not restored"));
    expect(await bytesOf(content, "images", PICTURE)).toEqual(IMAGE);
    const after = await contentOf(target.database.url);
    // Its version and metadata are the service's own.
    delete after["storage.objects"];
    expect(before).toMatchObject(after);
  }, 60_000);

  it("keeps and lists what was stored, deployed or deleted meanwhile when the project is named later", async () => {
    const { vault } = await backUp();
    const { target, content } = await newTarget();
    await started.restoreInto(target, vault, { project: undefined });
    await put(content, "files", "one.txt", Buffer.from("another one"), "text/plain");
    await content.deployFunction(
      { slug: "hello", name: "Hello", verifyJwt: false, importMap: true, entrypointPath: "file:///src/index.ts" },
      Buffer.from("newer code"),
    );
    await target.database.asSuperuser(
      "set session_replication_role = replica; delete from storage.objects where name = 'empty'",
    );
    const { project, notes } = await started.restoreInto(target, vault);
    expect(project).toMatchObject({ storageObjects: 1, functions: 0 });
    expect(notes).toContain(
      "Kept as they are, because they were changed or deleted after the database was restored: the edge function hello; the object files/empty; the object files/one.txt. Check that this is intended.",
    );
    expect(await bytesOf(content, "files", "one.txt")).toEqual(Buffer.from("another one"));
    expect(await content.functionBody("hello")).toEqual(Buffer.from("newer code"));
    expect(await bytesOf(content, "images", PICTURE)).toEqual(IMAGE);
    const names = await target.database.query("select name from storage.objects order by name");
    expect(names).toEqual([{ name: "one.txt" }, { name: PICTURE }]);
  }, 60_000);
});
