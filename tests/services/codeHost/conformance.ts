import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import type { CodeHost } from "../../../services/codeHost/codeHost.ts";
import { RefusedTokenError } from "../../../services/codeHost/git.ts";
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
      expect(await host.repository("castchat/first")).toEqual({ ...state, protectedBranches: [] });
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

    // The product writes to a code host by git only.
    behavesAsRemoteService(() => started, { read: (port, at) => port.exportRepository("castchat/app", at) });
  });
}
