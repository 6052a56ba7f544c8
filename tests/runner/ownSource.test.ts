import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, it } from "@jest/globals";

import { type OwnSource, ownSource, tarOf } from "../../runner/ownSource.ts";
import { UserError } from "../../services/common/errors.ts";
import { makeTestFolder } from "../support/folder.ts";
import { forSuite } from "../support/suite.ts";

const git = (cwd: string, ...args: string[]) =>
  execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@t", ...args], { cwd, encoding: "utf8" }).trim();
const filesIn = (source: OwnSource) =>
  execFileSync("tar", ["-t"], { input: tarOf(source), encoding: "utf8" })
    .trim()
    .split("\n")
    .sort();
const contentIn = (source: OwnSource, file: string) =>
  execFileSync("tar", ["-xO", file], { input: tarOf(source), encoding: "utf8" });

const folder = forSuite(async () => {
  const made = await makeTestFolder();
  return { ...made, stop: () => made.remove() };
});

let number = 0;
/** A repository with one commit, beside a folder for archives. */
async function newCheckout() {
  number += 1;
  const project = join(folder.path, `checkout-${number}`);
  await mkdir(join(project, "deploy"), { recursive: true });
  git(project, "init", "-q");
  await writeFile(join(project, "index.ts"), "one\n");
  await writeFile(join(project, "deploy", "up.sh"), "#!/bin/sh\n", { mode: 0o755 });
  git(project, "add", "-A");
  git(project, "commit", "-qm", "First");
  const at = (name: string) => ownSource(project, join(folder.path, `build-${number}-${name}`));
  return { project, at, head: git(project, "rev-parse", "HEAD") };
}

describe("this repository's own source", () => {
  it("is archived as committed, the same bytes each time, and kept while nothing changes", async () => {
    const { project, at, head } = await newCheckout();
    await writeFile(join(project, "first.env"), "SESSION_SECRET=hunter2\n");
    const [one, other] = [at("a"), at("b")];
    expect([one.commit, one.id]).toEqual([head, head]);
    expect(filesIn(one)).toEqual(["deploy/", "deploy/up.sh", "index.ts"]);
    git(project, "config", "tar.umask", "0077");
    git(project, "config", "core.autocrlf", "true");
    await rm(other.path);
    expect(tarOf(at("b")).equals(tarOf(one))).toBe(true);
    const made = async () => (await stat(one.path)).ino;
    const first = await made();
    expect([at("a"), await made()]).toEqual([one, first]);
    expect((await readdir(join(one.path, ".."))).sort()).toEqual(["source.id", "source.tar.gz"]);
  });

  it("has tracked files as they are where they differ, says so, and leaves the repository as it is", async () => {
    const { project, at, head } = await newCheckout();
    const objects = () => git(project, "count-objects", "-v");
    const before = [objects(), git(project, "status", "--porcelain")];
    await writeFile(join(project, "index.ts"), "two\n");
    const dirty = at("a");
    expect(dirty.commit).toBe(`${head}-dirty`);
    expect(contentIn(dirty, "index.ts")).toBe("two\n");
    const again = at("b");
    expect([again.id, tarOf(again).equals(tarOf(dirty))]).toEqual([dirty.id, true]);
    await writeFile(join(project, "index.ts"), "three\n");
    expect(at("a").id).not.toBe(dirty.id);
    await writeFile(join(project, "index.ts"), "one\n");
    expect(at("a")).toMatchObject({ commit: head, id: head });
    expect([objects(), git(project, "status", "--porcelain")]).toEqual(before);
  });

  it("is not taken from a folder without git, or within another repository, and the error says what to type", async () => {
    const { project } = await newCheckout();
    const within = join(project, "unpacked");
    await mkdir(within);
    const asked = () => ownSource(within);
    expect(asked).toThrow(UserError);
    expect(asked).toThrow(/unpacked\/ of another repository\).*git init -q && git add -A && git commit/);
    const nowhere = await mkdtemp(join(tmpdir(), "castchat-source-"));
    expect(() => ownSource(nowhere)).toThrow(/not a git checkout.*git init -q/);
    await rm(nowhere, { recursive: true });
  });

  it("is this project's, below 10 MB, with what a deployment needs", async () => {
    const source = ownSource(undefined, join(folder.path, "own"));
    expect((await readFile(source.path)).length).toBeLessThan(10_000_000);
    expect(filesIn(source)).toEqual(
      expect.arrayContaining(["Pulumi.prod.yaml", "Pulumi.yaml", "index.ts", "package-lock.json", "Makefile"]),
    );
    expect(filesIn(source).join()).not.toContain("node_modules");
  });
});
