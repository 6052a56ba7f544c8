import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import type { CodeHost } from "../../../services/codeHost/codeHost.ts";
import { GitError, RefusedTokenError } from "../../../services/codeHost/git.ts";
import { gitCommand } from "../../../services/codeHost/gitCommand.ts";
import { withTemporaryFolder } from "../../../services/common/temporaryFolder.ts";
import { behavesAsRemoteService, type StartedService } from "../support/remoteServiceContract.ts";

/** A code host with what only its own API can make. */
export interface StartedCodeHost extends StartedService<CodeHost> {
  /** Makes a private repository with one commit on `main`; gives its git address and the commit. */
  makeRepository(fullName: string): Promise<{ address: string; commit: string }>;
  /** Commits files to its branch `main`. */
  commitFiles(fullName: string, files: Readonly<Record<string, string>>): Promise<void>;
  /** Gives a repository another name under the same owner. */
  rename(fullName: string, name: string): Promise<void>;
  /** Makes the host refuse every push to it. */
  archive(fullName: string): Promise<void>;
  /** Whether the host protects the default branch of a new repository by itself. */
  protectsDefault: boolean;
  /** Owner in which no repository can be made. @default - the host's double has every owner */
  absentOwner?: string;
  /** Protects branches by rules of the host. */
  protect(fullName: string, branches: readonly string[]): Promise<void>;
}

const signal = new AbortController().signal;

/** What every adapter of the role keeps to. A second one runs it by one line with its own `start`. */
export function conformsToCodeHost(name: string, start: () => Promise<StartedCodeHost>): void {
  describe(`${name} as a code host`, () => {
    let started: StartedCodeHost;
    let host: CodeHost;
    let made: { address: string; commit: string };
    beforeAll(async () => {
      started = await start();
      host = started.open({ endpoint: started.url });
      made = await started.makeRepository("castchat/app");
    });
    afterAll(() => started.stop());

    it("exports a repository's settings", async () => {
      const settings = await host.exportRepository("castchat/app");
      expect(settings).toMatchObject({ name: "app", default_branch: "main" });
    });

    it.each(["castchat/absent", "../user", "castchat/app/..", "castchat/a?b=c#d", "app"])(
      "has no repository %j",
      async (absent) => expect(await host.exportRepository(absent)).toBeUndefined(),
    );

    it("says what a mirror has to know of a repository, also by its former name, and takes another default branch", async () => {
      const { address, commit } = await started.makeRepository("castchat/first");
      const state = { fullName: "castchat/first", defaultBranch: "main", isPrivate: true, isArchived: false };
      expect(await host.repository("castchat/first")).toEqual({
        ...state,
        protectedBranches: started.protectsDefault ? ["main"] : [],
      });
      const git = gitCommand([host.gitCredential()]);
      await withTemporaryFolder("git-conformance", async (folder) => {
        const copy = git.bare(join(folder, "copy"));
        await copy.create(signal);
        await copy.fetch(address, ["main:main"], signal);
        await copy.push(address, [{ name: "refs/heads/release", object: commit, expected: undefined }], signal);
      });
      await host.setDefaultBranch("castchat/first", "release");
      await started.protect("castchat/first", ["main"]);
      await started.rename("castchat/first", "second");
      await started.archive("castchat/second");
      for (const name of ["castchat/first", "castchat/second"])
        expect(await host.repository(name)).toEqual({
          fullName: "castchat/second",
          defaultBranch: "release",
          isPrivate: true,
          isArchived: true,
          protectedBranches: ["main"],
        });
      expect(await host.repository("castchat/none")).toBeUndefined();
    });

    it("lists the repositories of its token", async () => {
      expect(await host.repositories()).toContainEqual({
        fullName: "castchat/app",
        defaultBranch: "main",
        isPrivate: true,
      });
    });

    it("looks at files and folders of the default branch", async () => {
      await started.makeRepository("castchat/files");
      await started.commitFiles("castchat/files", { "docs/read me.txt": "hello", "docs/more.txt": "more" });
      expect(await host.content("castchat/files", "docs/read me.txt")).toEqual({ text: "hello" });
      expect(await host.content("castchat/files", "docs")).toEqual({ names: ["more.txt", "read me.txt"] });
      expect(await host.content("castchat/files", "absent")).toBeUndefined();
      expect(await host.content("castchat/absent", "docs")).toBeUndefined();
    });

    it("makes a private repository in which nothing runs, and none of a name that is taken", async () => {
      const fullName = "castchat/made";
      expect(await host.createRepository(fullName, "Mirror of a")).toMatchObject({ fullName, isPrivate: true });
      expect(await host.repository(fullName)).toMatchObject({ isPrivate: true, isArchived: false });
      expect(await host.exportRepository(fullName)).toMatchObject({ description: "Mirror of a" });
      expect(await host.runsWorkflows(fullName)).toBe(false);
      await host.setWorkflows(fullName, true);
      expect(await host.runsWorkflows(fullName)).toBe(true);
      expect(await host.runsWorkflows("castchat/absent")).toBeUndefined();
      await expect(host.createRepository(fullName, "again")).rejects.toMatchObject({ name: "ServiceError" });
      if (started.absentOwner !== undefined)
        await expect(host.createRepository(`${started.absentOwner}/made`, "x")).rejects.toThrow(
          `${host.name} shows no group ${started.absentOwner}`,
        );
    });

    it("refuses pushes to what is archived, until it is no more", async () => {
      const { address, commit } = await started.makeRepository("castchat/old");
      const git = gitCommand([host.gitCredential()]);
      await withTemporaryFolder("git-conformance", async (folder) => {
        const copy = git.bare(join(folder, "copy"));
        await copy.create(signal);
        await copy.fetch(address, ["main:main"], signal);
        const more = { name: "refs/heads/more", object: commit, expected: undefined };
        const push = () => copy.push(address, [more], signal);
        await host.setArchived("castchat/old", true);
        expect(await host.repository("castchat/old")).toMatchObject({ isArchived: true });
        await expect(push()).rejects.toBeInstanceOf(GitError);
        await host.setArchived("castchat/old", false);
        expect(await push()).toMatchObject([{ taken: true }]);
      });
    });

    it("protects a branch from rewrites and deletion until the protection is taken away", async () => {
      const { address, commit } = await started.makeRepository("castchat/kept");
      await started.commitFiles("castchat/kept", { "a.txt": "a" });
      const git = gitCommand([host.gitCredential()]);
      await withTemporaryFolder("git-conformance", async (folder) => {
        const copy = git.bare(join(folder, "copy"));
        await copy.create(signal);
        await copy.fetch(address, ["main:main"], signal);
        const newest = (await copy.refs("refs/heads/", signal))[0]?.object;
        const push = async (branch: string, object: string | undefined, expected: string | undefined) =>
          (await copy.push(address, [{ name: `refs/heads/${branch}`, object, expected }], signal))[0];
        expect(await push("side", commit, undefined)).toMatchObject({ taken: true });
        for (const branch of ["main", "side"]) expect(await host.protectBranch("castchat/kept", branch)).toBe(true);
        expect(await host.protectBranch("castchat/kept", "main")).toBe(true);
        expect(await push("main", commit, newest)).toMatchObject({
          taken: false,
          reason: expect.stringMatching(/force[- ]push/),
        });
        expect(await push("side", undefined, commit)).toMatchObject({
          taken: false,
          reason: expect.stringMatching(/delete/),
        });
        // What is no rewrite passes.
        expect(await push("side", newest, commit)).toMatchObject({ taken: true });
        for (const branch of ["main", "side", "side"]) await host.unprotectBranch("castchat/kept", branch);
        expect(await push("main", commit, newest)).toMatchObject({ taken: true });
        expect(await push("side", undefined, newest)).toMatchObject({ taken: true });
        expect((await host.repository("castchat/kept"))?.protectedBranches).toEqual([]);
      });
    });

    it("gives git a credential for its own origin, by which a private repository is read", async () => {
      const credential = host.gitCredential();
      expect(credential).toMatchObject({ origin: new URL(made.address).origin, tokenName: host.tokenName });
      const git = gitCommand([credential]);
      expect(await git.newestCommit(made.address, "main", signal)).toBe(made.commit);
      await withTemporaryFolder("git-conformance", async (folder) => {
        expect(await git.checkout(made.address, "main", join(folder, "copy"), signal)).toBe(made.commit);
      });
    });

    it("refuses git without the credential, and with a wrong one by the variable's name", async () => {
      const refused = gitCommand().remoteRefs(made.address, [], signal);
      await expect(refused).rejects.toBeInstanceOf(RefusedTokenError);
      const wrong = gitCommand([started.open({ endpoint: started.url, token: "wrong-and-secret" }).gitCredential()]);
      const other = wrong.remoteRefs(made.address, [], signal);
      await expect(other).rejects.toThrow(`Correct ${host.tokenName}.`);
      await expect(other).rejects.not.toThrow("wrong-and-secret");
    });

    behavesAsRemoteService(() => started, { read: (port, at) => port.exportRepository("castchat/app", at) });
  });
}
