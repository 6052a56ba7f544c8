import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { beforeAll, describe, expect, it } from "@jest/globals";
import { execa } from "execa";

import { backupRepository, type BackupRepositoryOptions } from "../../../recovery/backup/backupRepository.ts";
import { proveRepository, readBundles } from "../../../recovery/repository/openRepository.ts";
import { provenFull } from "../../../recovery/vault/chooseBackup.ts";
import { listBackups } from "../../../recovery/vault/listBackups.ts";
import type { Manifest } from "../../../recovery/vault/manifest.ts";
import { readBack } from "../../../recovery/vault/readBack.ts";
import { baseInWeek, chainOf, repositoriesToHold } from "../../../recovery/vault/repositoryChain.ts";
import { gitCommand } from "../../../services/codeHost/gitCommand.ts";
import { PromiseError } from "../../../services/common/errors.ts";
import { withTemporaryFolder } from "../../../services/common/temporaryFolder.ts";
import { expectRefusal } from "../../support/refusal.ts";
import { forSuite } from "../../support/suite.ts";
import { newAgeKey } from "../support/ageKey.ts";
import { startTestCloud } from "../support/cloud.ts";
import { flipped, tamper } from "../support/sample.ts";
import { newSite, type Site } from "../support/source.ts";

const cloud = forSuite(startTestCloud);
const signal = new AbortController().signal;
let site: Site;
beforeAll(async () => {
  site = await newSite(cloud);
});

/** A repository on this machine, with commands for it and for its backups. */
async function source(home: string, fullName: string) {
  const url = join(home, "source");
  await mkdir(url);
  const plain = ["-C", url, "-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "core.hooksPath=/dev/null"];
  const git = async (...args: string[]) => (await execa("git", [...plain, ...args])).stdout.trim();
  await git("init", "-q", "-b", "main");
  const backups = async () =>
    provenFull(await listBackups(site.common), ({ repository }) => repository?.fullName === fullName);
  return {
    git,
    backups,
    commit: async (file: string) => {
      await writeFile(join(url, file), file);
      await git("add", ".");
      await git("commit", "-q", "-m", file);
    },
    store: (more: Partial<BackupRepositoryOptions> = {}) =>
      backupRepository({ ...site.common, signer: site.signer, git: gitCommand(), fullName, url, signal, ...more }),
    /** The refs that come back from the newest backup. */
    open: async (to: string, opener?: BackupRepositoryOptions["opener"]) => {
      const all = await backups();
      const chain = chainOf(all[0]!, all)!.map(({ manifest }) => manifest);
      const bare = gitCommand().bare(join(home, to));
      const part = await readBundles({ vault: site.vault, opener }, chain, bare, signal);
      await proveRepository(bare, part, signal);
      const { refs, defaultBranch } = part;
      return { chain, defaultBranch, names: refs.map(({ name }) => name) };
    },
  };
}

describe("a repository in the vault", () => {
  it("is stored whole once a week and by what is new in between, and comes back with its refs", async () => {
    await withTemporaryFolder("test", async (home) => {
      const one = await source(home, "castchat/code");
      await one.commit("a.txt");
      await one.git("tag", "-a", "v1", "-m", "v1");
      await one.git("branch", "topic");
      const first = await one.store();
      expect(first).toMatchObject({ kind: "repository", tier: "daily" });
      expect(await one.store()).toBeUndefined();

      await one.commit("b.txt");
      // A folder of branches in place of a branch, and a branch at a commit that the first bundle has.
      await one.git("branch", "-D", "topic");
      await one.git("branch", "topic/new", "v1");
      const second = await one.store();
      const { chain, ...there } = await one.open("restored");
      expect(chain.map(({ backupId }) => backupId)).toEqual([first?.backupId, second?.backupId]);
      expect(there).toEqual({
        defaultBranch: "main",
        names: ["refs/heads/main", "refs/heads/topic/new", "refs/tags/v1"],
      });
      const back = await execa("git", ["-C", join(home, "restored"), "rev-parse", "HEAD", "topic/new"]);
      expect(back.stdout).toBe(await one.git("rev-parse", "main", "topic/new"));
      for (const { key } of chain.flatMap(({ files }) => files)) expect(await site.vault.hasLegalHold(key)).toBe(true);
    });
  });

  it("is stored again when its complete bundle is damaged, which reading back notices too", async () => {
    await withTemporaryFolder("test", async (home) => {
      const one = await source(home, "castchat/damaged");
      await one.commit("a.txt");
      await one.store();
      const stored = (await one.backups())[0]!.manifest;
      await tamper(site.vault, stored.files[0]!.key, flipped);
      await expectRefusal(readBack({ vault: site.vault, manifest: stored }), PromiseError, /is damaged/);
      await expectRefusal(one.open("damaged"), PromiseError, /is damaged/);
      await one.commit("b.txt");
      const said: string[] = [];
      await one.store({ reporter: (line) => void said.push(line) });
      expect(said.join()).toMatch(/all of castchat\/damaged is stored again: the backup \S+ is damaged/);
      expect((await one.open("whole")).chain).toHaveLength(1);
    });
  });

  it("is recorded without a bundle while it is empty, and builds on a sealed one only with the identity", async () => {
    await withTemporaryFolder("test", async (home) => {
      const { sealer, opener } = await newAgeKey();
      const one = await source(home, "castchat/sealed");
      await one.store({ sealer });
      const [empty] = await one.backups();
      expect(empty?.manifest.files).toEqual([]);
      expect(await one.store({ sealer })).toBeUndefined();
      await one.commit("a.txt");
      await one.store({ sealer });
      expect((await one.backups())[0]?.manifest.repository?.base).toBeUndefined();
      await one.commit("b.txt");
      await one.store({ sealer, opener });
      expect((await one.open("sealed", opener)).chain).toHaveLength(2);
    });
  });
});

describe("a repository's chain", () => {
  const of = (backupId: string, snapshotAt: string, base?: string, fullName = "castchat/code") => ({
    manifest: { backupId, snapshotAt, repository: { fullName, state: "", base } } as unknown as Manifest,
  });
  const [monday, tuesday, later] = [
    of("a", "2026-06-29T02:00:00Z"),
    of("b", "2026-06-30T02:00:00Z", "a"),
    of("c", "2026-07-06T02:00:00Z"),
  ];

  it("starts again in each ISO week", () => {
    expect(baseInWeek([tuesday, monday], new Date("2026-07-05T23:59:59Z"))).toBe(monday);
    expect(baseInWeek([tuesday, monday], new Date("2026-07-06T00:00:00Z"))).toBeUndefined();
  });

  it("is held whole, of each repository the newest that has its beginning", () => {
    const [other, torn] = [
      of("d", "2026-01-01T02:00:00Z", undefined, "castchat/other"),
      of("e", "2026-07-07T02:00:00Z", "lost"),
    ];
    expect([...repositoriesToHold([tuesday, monday, other])]).toEqual([monday, tuesday, other]);
    expect([...repositoriesToHold([torn, later, tuesday, monday])]).toEqual([later]);
  });
});
