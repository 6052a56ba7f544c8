import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { beforeAll, describe, expect, it } from "@jest/globals";
import { execa } from "execa";

import type { EmulatorDependencies } from "../../../lab/sandbox/host/services.ts";
import { refsMeant } from "../../../recovery/mirror/acceptRefs.ts";
import { mirrorAll } from "../../../recovery/mirror/mirrorAll.ts";
import { localMirror, mirrorLocal } from "../../../recovery/mirror/mirrorLocal.ts";
import { mirrorNamed } from "../../../recovery/mirror/mirrorNamed.ts";
import { mirrorStatus } from "../../../recovery/mirror/mirrorStatus.ts";
import { mirrorLines, statusLines } from "../../../recovery/mirror/mirrorText.ts";
import type { Quarantined } from "../../../recovery/mirror/record.ts";
import { gitCommand } from "../../../services/codeHost/gitCommand.ts";
import { gitlabCode } from "../../../services/codeHost/gitlab.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { startMiniCloud } from "../../provider/recovery/miniCloud.ts";
import { startEmulatorHost } from "../../services/support/emulatorHost.ts";
import { createGitlabEmulator } from "../../support/emulators.ts";
import { forSuite } from "../../support/suite.ts";
import { mirroredIn } from "./mirrored.ts";

const signal = new AbortController().signal;
const cloud = forSuite(startMiniCloud);
let make: ReturnType<typeof mirroredIn>;
beforeAll(() => {
  make = mirroredIn(cloud);
});
const accept = (repository: string) => `castchat-recovery mirror accept ${repository} -s dr`;

describe("several mirrors", () => {
  it("run a few at once, in their order, and one failure stops no other", async () => {
    let [running, most] = [0, 0];
    const jobs = Array.from({ length: 20 }, (_, at) => ({
      repository: `o/${at}`,
      mirror: `m/${at}`,
      run: async () => {
        most = Math.max(most, (running += 1));
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        if (at === 3) throw new Error("refused: Bearer sesame-open-sesame");
        return at;
      },
    }));
    const outcomes = await mirrorAll(jobs, signal);
    expect(most).toBe(6);
    expect(outcomes.map(({ result }) => result)).toEqual(jobs.map((_, at) => (at === 3 ? undefined : at)));
    expect(outcomes[3]).toMatchObject({ repository: "o/3", mirror: "m/3", failure: "refused: Bearer [secret]" });
  });

  it("end with the reason of an interruption", async () => {
    const controller = new AbortController();
    const run = () => {
      controller.abort(new Error("stopped"));
      return Promise.reject(new Error("git was ended"));
    };
    await expect(mirrorAll([{ repository: "o/r", mirror: "m/r", run }], controller.signal)).rejects.toThrow("stopped");
  });
});

describe("a mirror's status", () => {
  it("names what lags, what is held back and the command to accept it", async () => {
    const one = await make.pair("status");
    const first = await one.commit("a.txt");
    await one.push("main");
    const status = () => mirrorStatus(cloud.git, one, signal);
    const lines = async () =>
      statusLines([{ repository: "castchat/status", mirror: "mirrors/status", result: await status() }], accept);
    expect(await lines()).toEqual([
      "mirrors/status, mirror of castchat/status, lags in 1 refs (refs/heads/main); no run has ended yet.",
    ]);
    await one.run({ clock: () => new Date("2026-12-01T00:00:00Z") });
    expect(await status()).toMatchObject({ isCurrent: true, behind: [], quarantined: [] });
    await one.git("checkout", "-q", "--orphan", "other");
    const other = await one.commit("b.txt");
    await one.push("+other:main", "other:topic");
    await one.run({ clock: () => new Date("2026-12-01T00:05:00Z") });
    expect(await lines()).toEqual([
      "mirrors/status, mirror of castchat/status, has all that it follows; last changed 2026-12-01T00:05:00.000Z.",
      "mirrors/status holds back 1 refs and has what was there before:",
      `  refs/heads/main ${first.slice(0, 8)} → ${other.slice(0, 8)}: the branch's history was rewritten, seen since 2026-12-01T00:05:00.000Z`,
      "If that is meant, type: castchat-recovery mirror accept castchat/status -s dr",
    ]);
  });

  it("and a run are printed in lines, with failures, other hands and empty repositories", () => {
    const nothing = { updated: [], quarantined: [], accepted: [], largeFiles: 0, notes: [], durationMs: 1 };
    const result = { ...nothing, refs: 0, heads: {}, kept: [], diverged: [] };
    const foreign = { ref: "refs/heads/own", old: null, new: "b".repeat(40) };
    const lines = mirrorLines(
      [
        { repository: "o/a", mirror: "m/a", failure: "refused." },
        { repository: "o/b", mirror: "m/b", result },
        {
          repository: "o/c",
          mirror: "m/c",
          result: { ...result, refs: 1, heads: { main: "a".repeat(40) }, diverged: [foreign] },
        },
      ],
      accept,
    );
    expect(lines).toEqual([
      "o/a is not mirrored to m/a: refused.",
      "0 refs of o/b are in its mirror m/b: it is as empty as its source.",
      "1 refs of o/c are in its mirror m/c: main at aaaaaaaa.",
      "A push from elsewhere had changed 1 refs of m/c: refs/heads/own. What was pushed is kept below refs/castchat/kept/, and the source's is there again.",
    ]);
  });
});

it("a person names what is held back by the short name, if only one has it", () => {
  const held = ["refs/heads/main", "refs/tags/v1", "refs/heads/v1"].map((ref): Quarantined => ({
    ref,
    old: null,
    new: null,
    since: "",
    why: "",
  }));
  expect(refsMeant([], held)).toEqual(["refs/heads/main", "refs/heads/v1", "refs/tags/v1"]);
  expect(refsMeant(["main", "refs/tags/v1", "absent"], held)).toEqual(["refs/heads/main", "refs/tags/v1"]);
  expect(() => refsMeant(["v1"], held)).toThrow('"v1" may be refs/heads/v1 or refs/tags/v1. Give the full name.');
});

describe("a mirror on GitLab", () => {
  it("follows a repository of GitHub, also over the rule of its own", async () => {
    const gitlab = await startEmulatorHost((deps: EmulatorDependencies) => createGitlabEmulator(deps), gitlabCode);
    try {
      const host = gitlab.open({ endpoint: gitlab.url });
      const fullName = "castchat/mirrors/code";
      await host.createRepository(fullName, "mirror");
      const one = await make.pair("over");
      const first = await one.commit("a.txt");
      await one.push("main", "main:old");
      const git = gitCommand([cloud.codeHost.gitCredential(), host.gitCredential()]);
      const pair = {
        source: make.named("castchat/over"),
        mirror: { host, fullName, urlOf: (name: string) => `${gitlab.url}/${name}.git` },
        deployedBranches: [],
      };
      const run = (accepted?: ReadonlySet<string>) =>
        mirrorNamed({ git, clock: systemClock, signal, reporter: () => undefined, accepted }, pair);
      expect(await run()).toMatchObject({ heads: { main: first, old: first } });
      expect(await host.protectBranch(fullName, "main")).toBe(true);
      await one.git("checkout", "-q", "--orphan", "other");
      const other = await one.commit("b.txt");
      await one.push("+other:main", ":old");
      expect(await run()).toMatchObject({ heads: { main: first }, quarantined: [{ ref: "refs/heads/main" }] });
      expect(await run(new Set(["refs/heads/main"]))).toMatchObject({ heads: { main: other }, quarantined: [] });
      expect((await host.repository(fullName))?.protectedBranches).toEqual(["main"]);
      const listing = await git.listing(pair.mirror.urlOf(fullName), signal);
      expect(listing.refs.filter(({ name }) => name.startsWith("refs/castchat/kept/"))).toHaveLength(2);
    } finally {
      await gitlab.stop();
    }
  });
});

describe("a local mirror", () => {
  it("is a bare clone with files in Git LFS, which holds back what every mirror does", async () => {
    const one = await make.pair("local");
    const folder = join(cloud.home, "copies");
    const oid = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const store = join(make.bare("castchat/local"), "lfs", "objects");
    await mkdir(store, { recursive: true });
    await execa("sh", ["-c", `printf abc > ${join(store, oid)}`]);
    const first = await one.commit(
      "big.bin",
      `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize 3\n`,
    );
    await one.push("main:trunk", "main:old");
    await cloud.codeHost.setDefaultBranch("castchat/local", "trunk");
    const run = () =>
      mirrorLocal(
        { git: cloud.git, clock: systemClock, signal, reporter: () => undefined },
        make.named("castchat/local"),
        folder,
      );
    expect(await run()).toMatchObject({ refs: 2, largeFiles: 1, heads: { trunk: first, old: first } });
    const place = localMirror(folder, "castchat/local");
    expect(existsSync(join(place, "lfs", "objects", "ba", "78", oid))).toBe(true);
    const git = async (...args: string[]) => (await execa("git", ["--git-dir", place, ...args])).stdout;
    expect(await git("symbolic-ref", "HEAD")).toBe("refs/heads/trunk");
    await one.git("checkout", "-q", "--orphan", "other");
    await one.commit("b.txt");
    await one.push("+other:trunk", ":old");
    expect(await run()).toMatchObject({
      refs: 1,
      largeFiles: 0,
      quarantined: [{ ref: "refs/heads/trunk", old: first }],
    });
    await git("fsck", "--strict");
    const { isCurrent, quarantined } = await mirrorStatus(cloud.git, { source: one.source, mirror: place }, signal);
    expect([isCurrent, quarantined.length]).toEqual([false, 1]);
  });

  it.each(["../x", "o/..", "o//x"])("is never kept outside of its folder, as %s would be", (name) => {
    expect(() => localMirror("/tmp/copies", name)).toThrow(`"${name}" names no repository.`);
  });
});
