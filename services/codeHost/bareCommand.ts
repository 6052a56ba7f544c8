import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

import type { BareRepository, Push, PushedRef } from "./bareRepository.ts";
import type { GitRef } from "./gitObjects.ts";
import type { GitAnswer } from "./gitProcess.ts";
import { lfsObjectsIn } from "./lfsPointers.ts";

/** How a bare repository runs git. */
export interface GitRunner {
  /** Runs git in a folder, with the credential of an address if one is given. Gives its answer also if it fails. */
  readonly run: (
    args: readonly string[],
    signal: AbortSignal,
    more?: { folder?: string; url?: string; input?: string; variables?: NodeJS.ProcessEnv },
  ) => Promise<GitAnswer>;
  /** The answer of a git that succeeded; GitError with what it was to do otherwise. */
  readonly succeeded: (answer: GitAnswer, action: string, url?: string) => GitAnswer;
  /** An address that git takes as nothing else. UserError for others. */
  readonly checked: (url: string) => string;
  /** Reads what `git push --porcelain` prints. */
  readonly pushed: (answer: GitAnswer) => PushedRef[];
}

/** Refs in one command: their names must fit into its arguments. */
const AT_ONCE = 300;
/** What a bundle holds. */
const BUNDLED = ["refs/heads", "refs/tags", "refs/notes"];
/** Author of the commits that this program makes. */
const AUTHOR = "castchat-recovery";

/** A bare repository by the git command. */
export function bareCommand({ run, succeeded, checked, pushed }: GitRunner, folder: string): BareRepository {
  const git = async (args: readonly string[], signal: AbortSignal, action: string, input?: string) =>
    succeeded(await run(args, signal, { folder, ...(input !== undefined && { input }) }), action).stdout;
  const text: BareRepository["text"] = async (object, signal) => {
    const answer = await run(["cat-file", "blob", object], signal, { folder });
    return answer.exitCode === 0 ? answer.stdout : undefined;
  };
  return {
    folder,
    text,
    create: async (signal, lender) => {
      await mkdir(folder, { recursive: true });
      await git(["init", "--quiet", "--bare"], signal, `create ${folder}`);
      if (lender === undefined) return;
      await writeFile(join(folder, "objects", "info", "alternates"), `${resolve(lender, "objects")}\n`);
    },
    fetch: async (url, refspecs, signal, depth) => {
      for (const some of portions(refspecs)) {
        const shallow = depth === undefined ? [] : [`--depth=${depth}`];
        const args = [
          "fetch",
          "--quiet",
          "--no-tags",
          "--no-write-fetch-head",
          ...shallow,
          "--",
          checked(url),
          ...some,
        ];
        succeeded(await run(args, signal, { folder, url }), `copy refs of ${url}`, url);
      }
    },
    refs: async (prefix, signal) => {
      const args = ["for-each-ref", "--format=%(objectname) %(refname)", prefix.replace(/\/$/, "")];
      return refsOf(await git(args, signal, "list the refs of the copy"));
    },
    holds: async (objects, signal) => {
      if (objects.length === 0) return new Set();
      const input = objects.map((one) => `${one}\n`).join("");
      const listed = await git(["cat-file", "--batch-check=%(objectname)"], signal, "look for objects", input);
      return new Set(listed.split("\n").filter((line) => line !== "" && !line.endsWith(" missing")));
    },
    isAncestor: async (older, newer, signal) => {
      // git says 1 for no, and more if it has one of the commits not.
      const answer = await run(["merge-base", "--is-ancestor", older, newer], signal, { folder });
      return answer.exitCode === 0;
    },
    writeText: async (content, signal) =>
      (await git(["hash-object", "-w", "--stdin"], signal, "store a text", content)).trim(),
    writeCommit: async ({ files, parent, at, message }, signal) => {
      const entries: string[] = [];
      for (const [name, content] of Object.entries(files)) {
        const args = ["hash-object", "-w", "--stdin"];
        entries.push(`100644 blob ${(await git(args, signal, "store a file", content)).trim()}\t${name}\n`);
      }
      const tree = (await git(["mktree"], signal, "store a folder", entries.join(""))).trim();
      const time = `${Math.floor(at.getTime() / 1000)} +0000`;
      const people = ["AUTHOR", "COMMITTER"].flatMap((who) => [
        [`GIT_${who}_NAME`, AUTHOR],
        [`GIT_${who}_EMAIL`, `${AUTHOR}@localhost`],
        [`GIT_${who}_DATE`, time],
      ]);
      const args = ["commit-tree", tree, ...(parent === undefined ? [] : ["-p", parent]), "-m", message];
      const answer = await run(args, signal, { folder, variables: Object.fromEntries(people) as NodeJS.ProcessEnv });
      return succeeded(answer, "store a commit").stdout.trim();
    },
    setRef: async (name, object, signal) => {
      await git(["update-ref", ...(object === undefined ? ["-d", name] : [name, object])], signal, `set ${name}`);
    },
    setRefs: async (refs, signal) => {
      const input = refs.map(({ name, object }) => `update ${name} ${object}\n`).join("");
      await git(["update-ref", "--stdin"], signal, "set the refs of the copy", input);
    },
    bundle: async (file, without, signal) => {
      const refs = await git(["for-each-ref", "--format=%(refname)", ...BUNDLED], signal, "list the refs of the copy");
      if (refs === "") return false;
      const input = [refs.trimEnd(), ...without.map((object) => `^${object}`), ""].join("\n");
      const answer = await run(["bundle", "create", "--quiet", file, "--stdin"], signal, { folder, input });
      if (answer.stderr.includes("Refusing to create empty bundle")) return false;
      succeeded(answer, "write a bundle");
      return true;
    },
    fsck: async (signal) => {
      await git(["fsck", "--full", "--no-dangling", "--no-progress"], signal, "check the copy");
    },
    setHead: async (branch, signal) => {
      await git(["symbolic-ref", "HEAD", `refs/heads/${branch}`], signal, `make ${branch} the default branch`);
    },
    push: async (url, pushes, signal) => {
      const answers: PushedRef[] = [];
      for (const some of portions(pushes)) {
        const leases = some.map(({ name, expected }) => `--force-with-lease=${name}:${expected ?? ""}`);
        const args = ["push", "--porcelain", ...leases, "--", checked(url), ...some.map(refspecOf)];
        const answer = await run(args, signal, { folder, url });
        const taken = pushed(answer);
        // git fails if any ref is refused. The push as a whole has failed only if git reports nothing about single refs.
        if (taken.length === 0) succeeded(answer, `push to ${url}`, url);
        answers.push(...taken);
      }
      return answers;
    },
    lfsObjects: (objects, known, signal) =>
      lfsObjectsIn((args, input) => git(args, signal, "look for files in Git LFS", input), objects, known),
  };
}

const refspecOf = ({ object = "", name }: Push): string => `${object}:${name}`;

function portions<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / AT_ONCE) }, (_, at) =>
    all.slice(at * AT_ONCE, (at + 1) * AT_ONCE),
  );
}

function refsOf(text: string): GitRef[] {
  return text.split("\n").flatMap((line) => {
    const [object, name] = line.split(" ");
    return object && name ? [{ name, object }] : [];
  });
}
