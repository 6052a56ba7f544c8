import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";

import { messageOf, UserError } from "../services/common/errors.ts";

/** This repository's tracked files as they are now, as one file (gzip of tar). */
export interface OwnSource {
  /** The commit that is checked out, with `-dirty` if tracked files differ from it. */
  readonly commit: string;
  /** Git's id of exactly these files: the commit's, or where they differ from it, that of a commit that would have them. */
  readonly id: string;
  /** Absolute path. The archive inside the compression is the same on every machine; compressed, it depends on Node's version. */
  readonly path: string;
}

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const MOST_BYTES = 200_000_000;
/** What git takes from a person's own settings would make another archive on each machine. */
const SAME_EVERYWHERE = ["-c", "tar.umask=0022", "-c", "core.autocrlf=false", "-c", "core.attributesFile=/dev/null"];

/**
 * Archives the tracked files of this checkout. Files that git does not know stay out of it, since they can hold values of secrets (`env pull` writes
 * such files). Nothing is written into the repository. An archive of the same files is kept.
 *
 * @throws UserError if this folder is no git checkout, and what to type
 */
export function ownSource(project: string = PROJECT, folder: string = join(project, ".build")): OwnSource {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "source.tar.gz");
  const record = join(folder, "source.id");
  const scratch = mkdtempSync(join(folder, "source-"));
  try {
    // Git would find a repository around the folder too, which is another one.
    const [head, prefix] = [
      git(project, ["rev-parse", "--verify", "HEAD"]),
      git(project, ["rev-parse", "--show-prefix"]),
    ];
    if (prefix !== "") throw new Error(`it is the folder ${prefix} of another repository`);
    const isDirty = git(project, ["--no-optional-locks", "status", "--porcelain", "--untracked-files=no"]) !== "";
    const environment = isDirty ? asideOf(project, scratch) : {};
    const id = isDirty ? commitOfFiles(project, head, environment) : head;
    const source = { commit: isDirty ? `${head}-dirty` : head, id, path };
    if (existsSync(path) && existsSync(record) && readFileSync(record, "utf8") === id) return source;
    const archive = run(project, [...SAME_EVERYWHERE, "archive", "--format=tar", id], environment);
    const fresh = join(scratch, "fresh");
    for (const [file, content] of [
      [path, gzipSync(archive)],
      [record, id],
    ] as const) {
      writeFileSync(fresh, content);
      renameSync(fresh, file);
    }
    return source;
  } catch (error) {
    const [last = ""] = messageOf(error).trim().split("\n").slice(-1);
    throw new UserError(
      `${project} is not a git checkout that can be read (${last}), so no backup gets this repository's files. Type there: git init -q && git add -A && git commit -qm 'As unpacked'`,
      { cause: error },
    );
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The archive inside the compression: a tar. */
export function tarOf({ path }: Pick<OwnSource, "path">): Buffer {
  return gunzipSync(readFileSync(path), { maxOutputLength: MOST_BYTES });
}

/** Variables by which git works beside the repository: it reads the repository's objects, and writes its own ones and its index to a folder. */
function asideOf(project: string, scratch: string): Record<string, string> {
  const pathOf = (what: string) => resolve(project, git(project, ["rev-parse", "--git-path", what]));
  const index = join(scratch, "index");
  copyFileSync(pathOf("index"), index);
  // Git trusts what an index says of files that are older than it. A copy is younger than all of them, so it is made older: then git reads each file.
  utimesSync(index, 1, 1);
  const objects = join(scratch, "objects");
  mkdirSync(objects);
  return { GIT_INDEX_FILE: index, GIT_OBJECT_DIRECTORY: objects, GIT_ALTERNATE_OBJECT_DIRECTORIES: pathOf("objects") };
}

/** A commit of the tracked files as they are. The same files on the same commit give the same id. */
function commitOfFiles(project: string, head: string, environment: Record<string, string>): string {
  git(project, ["-c", "core.autocrlf=false", "add", "--update"], environment);
  const tree = git(project, ["write-tree"], environment);
  const date = `${git(project, ["show", "--no-patch", "--format=%ct", head])} +0000`;
  const people = Object.fromEntries(
    ["AUTHOR", "COMMITTER"].flatMap((one) => [
      [`GIT_${one}_NAME`, "castchat-recovery"],
      [`GIT_${one}_EMAIL`, "castchat-recovery"],
      [`GIT_${one}_DATE`, date],
    ]),
  );
  return git(project, ["commit-tree", tree, "-p", head, "-m", "Not committed"], { ...environment, ...people });
}

function git(project: string, args: readonly string[], environment: Record<string, string> = {}): string {
  return run(project, args, environment).toString("utf8").trim();
}

function run(project: string, args: readonly string[], environment: Record<string, string> = {}): Buffer {
  // A hook's own variables would lead git to another index or repository.
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_")));
  return execFileSync("git", [...args], {
    cwd: project,
    env: { ...own, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: MOST_BYTES,
  });
}
