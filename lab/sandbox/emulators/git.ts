import { execFile, spawn } from "node:child_process";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";

import { messageOf } from "../../../services/common/errors.ts";
import { PROTECTED_FILE } from "./gitHooks.ts";

/** A commit, as needed for GitHub's answers. */
export interface GitCommit {
  sha: string;
  tree: string;
  parents: string[];
  author: { name: string; email: string; date: string };
  message: string;
}

/** The bare repositories of the git host, `<root>/<owner>/<name>.git`. */
export interface GitStorage {
  create(fullName: string, defaultBranch: string, withFirstCommit: boolean): Promise<void>;
  move(from: string, to: string): Promise<void>;
  remove(fullName: string): Promise<void>;
  setDefaultBranch(fullName: string, branch: string): Promise<void>;
  /** The branches whose rewrite or deletion the host's hook refuses. */
  protect(fullName: string, branches: readonly string[]): Promise<void>;
  /** Branch name → commit. */
  branches(fullName: string): Promise<Map<string, string>>;
  /** The commit of a branch, tag or hash; undefined if there is none. */
  commit(fullName: string, ref: string): Promise<GitCommit | undefined>;
  /** The workflows of the newest commit of the default branch that a schedule starts, by path. */
  scheduledWorkflows(fullName: string): Promise<string[]>;
  /** A file's text, or the names in a folder, of the default branch; undefined if there is neither. */
  content(fullName: string, path: string): Promise<{ sha: string; text: string } | { names: string[] } | undefined>;
  /** Serves one request of git's smart HTTP protocol through `git http-backend`, streaming both ways. */
  serve(request: Request, fullName: string, subPath: string, user: GitUser | undefined): Promise<Response>;
}

/** The sender of a request. */
export interface GitUser {
  name: string;
  /** Whether a push may change workflows. */
  workflows: boolean;
}

const run = promisify(execFile);
/** Keeps the machine's and the user's own git settings away from the host's repositories. */
const ENVIRONMENT = {
  PATH: process.env["PATH"] ?? "",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_AUTHOR_NAME: "GitHub",
  GIT_AUTHOR_EMAIL: "noreply@github.com",
  GIT_COMMITTER_NAME: "GitHub",
  GIT_COMMITTER_EMAIL: "noreply@github.com",
  // Another user of the machine (root in a container) may have created the sandbox.
  GIT_CONFIG_COUNT: "1",
  GIT_CONFIG_KEY_0: "safe.directory",
  GIT_CONFIG_VALUE_0: "*",
};
/** GitHub's own refs, which refuse pushes: `git push --mirror` fails on them. */
const RESERVED_REFS = "refs/pull";

/** Opens the folder that holds a git host's repositories, each with the host's `update` hook. */
export function openGitStorage(root: string, hook: string): GitStorage {
  const folder = (fullName: string) => join(root, `${fullName}.git`);
  const git = async (fullName: string, ...args: string[]) =>
    (await run("git", ["-C", folder(fullName), ...args], { env: ENVIRONMENT, maxBuffer: 16 << 20 })).stdout.trim();

  return {
    async create(fullName, defaultBranch, withFirstCommit) {
      const path = folder(fullName);
      await mkdir(path, { recursive: true });
      await run("git", ["init", "-q", "--bare", `--initial-branch=${defaultBranch}`, path], { env: ENVIRONMENT });
      await git(fullName, "config", "receive.hideRefs", RESERVED_REFS);
      await mkdir(join(path, "hooks"), { recursive: true });
      await writeFile(join(path, "hooks", "update"), hook, { mode: 0o755 });
      if (!withFirstCommit) return;
      const tree = await git(fullName, "hash-object", "-w", "-t", "tree", "/dev/null");
      const first = await git(fullName, "commit-tree", tree, "-m", "Initial commit");
      await git(fullName, "update-ref", `refs/heads/${defaultBranch}`, first);
    },
    async move(from, to) {
      await mkdir(dirname(folder(to)), { recursive: true });
      await rename(folder(from), folder(to));
    },
    async remove(fullName) {
      await rm(folder(fullName), { recursive: true, force: true });
    },
    async setDefaultBranch(fullName, branch) {
      await git(fullName, "symbolic-ref", "HEAD", `refs/heads/${branch}`);
    },
    async protect(fullName, branches) {
      await writeFile(join(folder(fullName), PROTECTED_FILE), branches.map((name) => `${name}\n`).join(""));
    },
    async branches(fullName) {
      const lines = await git(fullName, "for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/heads");
      return new Map(
        lines
          .split("\n")
          .filter(Boolean)
          .map((line) => [line.slice(41), line.slice(0, 40)]),
      );
    },
    async commit(fullName, ref) {
      if (ref.startsWith("-")) return undefined;
      try {
        const shown = await git(
          fullName,
          "show",
          "-s",
          "--format=%H%n%T%n%P%n%an%n%ae%n%aI%n%B",
          `${ref}^{commit}`,
          "--",
        );
        const [sha = "", tree = "", parents = "", name = "", email = "", date = "", ...message] = shown.split("\n");
        return {
          sha,
          tree,
          parents: parents.split(" ").filter(Boolean),
          author: { name, email, date },
          message: message.join("\n"),
        };
      } catch (thrown) {
        if (/unknown revision|bad revision|ambiguous argument|bad object/i.test(messageOf(thrown))) return undefined;
        throw thrown;
      }
    },
    async scheduledWorkflows(fullName) {
      const args = ["grep", "-lE", "^[[:space:]]+schedule:", "HEAD", "--", ".github/workflows"];
      // git says 1 if it finds none, and 128 if there is no commit.
      const found = await git(fullName, ...args).catch(() => "");
      return found.split("\n").flatMap((line) => line.replace(/^HEAD:/, "") || []);
    },
    async content(fullName, path) {
      const object = `HEAD:${path}`;
      // git fails for a path that is not there.
      const type = await git(fullName, "cat-file", "-t", object).catch(() => undefined);
      if (type === "tree") return { names: (await git(fullName, "ls-tree", "--name-only", object)).split("\n") };
      if (type !== "blob") return undefined;
      return { sha: await git(fullName, "rev-parse", object), text: await git(fullName, "cat-file", "blob", object) };
    },
    serve: (request, fullName, subPath, user) => serveCgi(root, request, `/${fullName}.git/${subPath}`, user),
  };
}

/** Runs `git http-backend` as a CGI program (its manual page names the variables). */
function serveCgi(root: string, request: Request, path: string, user: GitUser | undefined): Promise<Response> {
  const header = (name: string) => request.headers.get(name) ?? "";
  const child = spawn("git", ["http-backend"], {
    env: {
      ...ENVIRONMENT,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: "1",
      PATH_INFO: path,
      QUERY_STRING: new URL(request.url).search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: header("content-type"),
      HTTP_CONTENT_ENCODING: header("content-encoding"),
      GIT_PROTOCOL: header("git-protocol"),
      REMOTE_ADDR: "127.0.0.1",
      // Without a user `git http-backend` refuses pushes.
      ...(user && { REMOTE_USER: user.name, CASTCHAT_WORKFLOWS: user.workflows ? "yes" : "no" }),
      // Without a length git reads to the end, which is right for chunked bodies.
      ...(header("content-length") === "" ? {} : { CONTENT_LENGTH: header("content-length") }),
    },
    stdio: ["pipe", "pipe", "ignore"],
  });
  request.signal.addEventListener("abort", () => child.kill());
  const body = request.body === null ? Readable.from([]) : Readable.fromWeb(request.body);
  // git may answer and close its input before it has read everything; the answer then has the reason.
  pipeline(body, child.stdin).catch(() => child.stdin.destroy());
  return new Promise((resolve, reject) => {
    let head = Buffer.alloc(0);
    const onData = (chunk: Buffer) => {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return;
      child.stdout.off("data", onData).off("end", onEnd);
      child.stdout.pause();
      child.stdout.unshift(head.subarray(end + 4));
      resolve(cgiResponse(head.subarray(0, end).toString("latin1"), child.stdout));
    };
    const onEnd = () => reject(new Error("git http-backend ended without an answer"));
    child.on("error", reject);
    child.stdout.on("data", onData).on("end", onEnd);
  });
}

function cgiResponse(head: string, body: Readable): Response {
  const headers = new Headers();
  for (const line of head.split("\r\n")) {
    const colon = line.indexOf(":");
    headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const status = Number.parseInt(headers.get("status") ?? "200", 10);
  headers.delete("status");
  return new Response(Readable.toWeb(body), { status, headers });
}
