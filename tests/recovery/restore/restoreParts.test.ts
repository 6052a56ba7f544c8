import { describe, expect, it } from "@jest/globals";

import { assess } from "../../../recovery/assess/assess.ts";
import type { BackupResult } from "../../../recovery/backup/backup.ts";
import { hasLosses } from "../../../recovery/project/restoredParts.ts";
import { keyOf, MANIFEST, type Manifest, PROOF } from "../../../recovery/vault/manifest.ts";
import type { ProjectContent } from "../../../services/databaseHost/projectContent.ts";
import { ServiceError } from "../../../services/http/http.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import { forSuite } from "../../support/suite.ts";
import { newAgeKey } from "../support/ageKey.ts";
import {
  bytesOf,
  CODE,
  contentOfProject,
  IMAGE,
  put,
  readableOf,
  startProjectSource,
  withNewProject,
} from "../support/project.ts";
import { resign } from "../support/resign.ts";
import { recoveryLogOf } from "../support/sample.ts";

const started = forSuite(startProjectSource);
const putText = (content: ProjectContent, name: string, text: string) =>
  put(content, "files", name, Buffer.from(text), "text/plain");
/** The content of the source by a token that Supabase refuses, so that a backup lacks it. */
const refused = () => contentOfProject(started.source, { token: "wrong" });

const configuration = (...parts: string[]) => {
  const missing = parts.map((part) => ({ part, reason: "refused" }));
  return () => Promise.resolve({ format: 1, dns: { zone: "castchat.example" }, missing });
};
const isHeld = async (vault: Vault, { tier, backupId }: BackupResult) => {
  const keys = [MANIFEST, PROOF, "project.json.zst"].map((one) => keyOf(`${tier}/`, backupId, one));
  return await Promise.all(keys.map((key) => vault.hasLegalHold(key)));
};
const yes = [true, true, true];
const no = [false, false, false];

describe("a backup that lacks content outside its database", () => {
  it("gives the database, and what it lacks comes from the newest backup that has it; the hold stays on both", async () => {
    const { sealer, opener } = await newAgeKey();
    const { source } = started;
    const vault = await started.newVault();
    const content = contentOfProject(source);
    const whole = await started.backUp(content, { vault, sealer, configuration: configuration() });
    await source.database.query("insert into public.t values (7)");
    await putText(content, "one.txt", "two");
    await putText(content, "added.txt", "new");
    const lacking = await started.backUp(refused(), { vault, sealer, configuration: configuration("application") });
    expect(lacking.proven).toBe(true);
    expect(lacking.manifest.files).toEqual([]);
    const leftOut = { what: "the configuration's part application", why: "refused", failed: true };
    expect(lacking.result.leftOut).toContainEqual(leftOut);
    expect(await isHeld(vault, whole.result)).toEqual(yes);
    expect(await isHeld(vault, lacking.result)).toEqual(yes);

    await withNewProject(async (target, into) => {
      const result = await started.restoreInto(target, vault, { opener });
      expect(result.backupId).toBe(lacking.manifest.backupId);
      expect(await target.database.query("select id from public.t")).toEqual([{ id: 7 }]);
      expect(await bytesOf(into, "images", "ä b/c%2F?#.jpg")).toEqual(IMAGE);
      expect(await bytesOf(into, "files", "empty")).toEqual(Buffer.alloc(0));
      // The older bytes are another version than the restored row's.
      expect(await into.getObject({ bucket: "files", name: "one.txt" })).toBeUndefined();
      expect(into.codeDigest((await into.functionBody("hello"))!)).toBe(into.codeDigest(CODE));
      expect(await into.authSettings()).not.toMatchObject({ jwt_exp: 1800 });
      const { backupId, snapshotAt } = whole.manifest;
      const older = { backupId, snapshotAt };
      const part = (state: string, count: unknown, names: string[] = []) => ({
        state,
        from: [{ ...older, count }],
        missing: names.length,
        failed: 0,
        names,
      });
      expect(result.parts).toEqual({
        storage: part("partly", 2, ["files/added.txt", "files/one.txt"]),
        functions: part("whole", 1),
        authSettings: part("held back", expect.any(Number)),
        configuration: part("whole", 1),
      });
      expect(result.notes).toEqual(
        expect.arrayContaining([
          expect.stringMatching(/^2 storage objects come from the older backup .* each in the version/),
          expect.stringMatching(/^2 storage objects are missing altogether, .*: files\/added\.txt; files\/one\.txt\.$/),
          expect.stringMatching(/^The auth settings are not restored\. .*--older-auth-settings/),
        ]),
      );
      expect((await recoveryLogOf(vault))[0]!.entry).toMatchObject({ parts: result.parts });

      const databaseUrl = target.database.url;
      const assessed = await assess({ ...started.common, databaseUrl, vault, opener });
      expect(assessed).toMatchObject({ isDamaged: true, restored: { hasLosses: true, parts: result.parts } });
      const functions = { part: "functions", state: "lacking", lacking: ["*"], wholeIn: older };
      expect(assessed.parts.find((one) => one.part === "functions")).toEqual(functions);

      // The app stores one of them again, so it is not missing any more. With the flag the settings come, too.
      await putText(into, "one.txt", "by the app");
      const again = await started.restoreInto(target, vault, { opener, olderAuthSettings: true });
      expect(again.parts?.storage).toMatchObject({ missing: 1, names: ["files/added.txt"] });
      expect(again.parts?.authSettings.state).toBe("whole");
      expect(await into.authSettings()).toMatchObject({ jwt_exp: 1800 });
      expect(again.notes.filter((note) => note.includes("missing altogether"))).toHaveLength(1);
      expect(await bytesOf(into, "files", "one.txt")).toEqual(Buffer.from("by the app"));
    });

    const third = await started.backUp(content, { vault, sealer, configuration: configuration() });
    expect(await isHeld(vault, whole.result)).toEqual(no);
    expect(await isHeld(vault, lacking.result)).toEqual(no);
    expect(await isHeld(vault, third.result)).toEqual(yes);
  }, 90_000);

  it("is also completed from backups that record no versions and lacks yet, by the rows in their chunks", async () => {
    const vault = await started.newVault();
    const content = contentOfProject(started.source);
    await putText(content, "tab\tand \\ backslash.txt", "odd");
    const whole = await started.backUp(content, { vault });
    await putText(content, "one.txt", "three");
    const lacking = await started.backUp(refused(), { vault });
    for (const { result } of [whole, lacking]) await resign(vault, started.signer, result, asBefore);
    await withNewProject(async (target, into) => {
      const { parts, notes } = await started.restoreInto(target, vault);
      expect(parts?.storage).toMatchObject({ state: "partly", missing: 1, names: ["files/one.txt"] });
      expect(parts?.storage.from).toMatchObject([{ backupId: whole.manifest.backupId }]);
      expect(parts?.functions).toMatchObject({ state: "whole", from: [{ backupId: whole.manifest.backupId }] });
      expect(notes).toContainEqual(expect.stringMatching(/no values of the auth settings\. Set them in the project/));
      expect(await bytesOf(into, "files", "tab\tand \\ backslash.txt")).toEqual(Buffer.from("odd"));
    });
  }, 90_000);
});

describe("a project that does not take all", () => {
  it("stops neither the rest nor the restore: what fails is retried, named, and tried again by the same call", async () => {
    const { vault, manifest } = await started.backUp(contentOfProject(started.source));
    await withNewProject(async (target, content) => {
      let spoilt = 0;
      const refusing: ProjectContent = {
        ...content,
        putObject: async (place, sent, signal) => {
          if (place.name === "one.txt") throw new ServiceError("Supabase storage", 413, "It is too large (413).");
          const spoils = place.name === "empty" && ++spoilt === 1;
          const open = spoils ? () => Promise.resolve(readableOf(Buffer.from("other"))) : sent.open;
          await content.putObject(place, { ...sent, open }, signal);
        },
        deployFunction: () => Promise.reject(new ServiceError("Supabase", 400, "The bundle is refused (400).")),
      };
      const first = await started.restoreInto(target, vault, { project: refusing });
      const names = ["files/one.txt (It is too large (413).)"];
      expect(first.parts?.storage).toMatchObject({ state: "partly", failed: 1, missing: 0, names });
      expect(first.parts?.functions).toMatchObject({ state: "missing", failed: 1 });
      expect(hasLosses(first.parts!)).toBe(true);
      expect(await bytesOf(content, "files", "empty")).toEqual(Buffer.alloc(0));
      // Meanwhile the app has stored another object again.
      await putText(content, "empty", "by the app");
      const second = await started.restoreInto(target, vault);
      expect(hasLosses(second.parts!)).toBe(false);
      expect(second.notes.filter((note) => note.includes("could not be brought back"))).toEqual([]);
      const there = await bytesOf(contentOfProject(started.source), "files", "one.txt");
      expect(await bytesOf(content, "files", "one.txt")).toEqual(there);
      expect(await bytesOf(content, "files", "empty")).toEqual(Buffer.from("by the app"));
      expect(content.codeDigest((await content.functionBody("hello"))!)).toBe(content.codeDigest(CODE));
      expect(second.backupId).toBe(manifest.backupId);
    });
  }, 60_000);
});

/** Makes a manifest one of a version that did not record what it lacks. */
function asBefore(manifest: Manifest): void {
  delete manifest.lacks;
  for (const file of manifest.files) {
    delete file.version;
    delete file.etag;
  }
}
