import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { redact, typeSecret, UserError } from "../common/errors.ts";
import { withoutToken } from "../http/remoteService.ts";
import { bareCommand, type GitRunner } from "./bareCommand.ts";
import type { PushedRef } from "./bareRepository.ts";
import { credentialFor, type Git, type GitCredential, GitError, RefusedTokenError } from "./git.ts";
import { gitHistory } from "./gitHistoryCommand.ts";
import type { GitRef } from "./gitObjects.ts";
import { type GitAnswer, gitEnvironment, runGit } from "./gitProcess.ts";
import { copyLfsObjects } from "./lfs.ts";
import { lfsFolder } from "./lfsFolder.ts";
import { lfsServer } from "./lfsServer.ts";

/** What git prints if the server refuses it: git would ask for a name and a password, and must not. */
const REFUSED = /could not read (Username|Password)|Authentication failed|The requested URL returned error: 40[13]/;

/** What git prints if the server shows no such repository, also because the token may not see it. */
const NOT_FOUND = /^(remote: Repository not found|fatal: repository '.*' not found)/m;

/**
 * A git client over the git command. Tokens reach git in environment variables (`GIT_CONFIG_*`), never in arguments or addresses, which
 * other users of the machine and logs would see. No hook of a repository runs.
 */
export function gitCommand(credentials: readonly GitCredential[] = []): Git {
  const run = (args: readonly string[], signal: AbortSignal, folder?: string, url?: string): Promise<GitAnswer> =>
    runGit(args, { environment: gitEnvironment(credentialFor(url, credentials)), signal, folder });
  const git = (args: readonly string[], signal: AbortSignal, folder?: string) => run(args, signal, folder);
  /** Runs git with the credential of one address. */
  const gitAt = (url: string, args: readonly string[], signal: AbortSignal, folder?: string) =>
    run(args, signal, folder, url);
  const succeededAt = (url: string, answer: GitAnswer, action: string): GitAnswer =>
    succeeded(answer, action, credentialFor(url, credentials));
  const runner: GitRunner = {
    run: (args, signal, { folder: at, url, input, variables } = {}) => {
      const environment = { ...gitEnvironment(credentialFor(url, credentials)), ...variables };
      return runGit(args, { environment, signal, folder: at, input });
    },
    succeeded: (answer, action, url) => succeeded(answer, redact(action), credentialFor(url, credentials)),
    checked: checkedUrl,
    pushed: ({ stdout, stderr }) => pushedOf(stdout, serverWords(stderr)),
  };
  return {
    remoteRefs: async (url, patterns, signal) => {
      const answer = await gitAt(url, ["ls-remote", "--", checkedUrl(url), ...patterns], signal);
      return refsOf(succeededAt(url, answer, `read the refs of ${shown(url)}`).stdout, "\t");
    },
    newestCommit: async (url, branch, signal) => {
      // An annotated tag is an object of its own; `^{}` is the commit behind it.
      const names = [`refs/heads/${checkedName(branch)}`, `refs/tags/${branch}^{}`, `refs/tags/${branch}`];
      const answer = await gitAt(url, ["ls-remote", "--", checkedUrl(url), ...names], signal);
      const lines = succeededAt(url, answer, `read ${branch} of ${shown(url)}`).stdout.split("\n");
      const found = new Map(lines.map((line) => line.split("\t")).map(([object, name]) => [name, object]));
      return names.map((name) => found.get(name)).find((object) => object !== undefined);
    },
    checkout: async (url, branch, folder, signal) => {
      const args = ["clone", "--quiet", "--depth=1", "--single-branch", "--no-tags", "--branch", checkedName(branch)];
      const action = `copy ${branch} of ${shown(url)}`;
      succeededAt(url, await gitAt(url, [...args, "--", checkedUrl(url), folder], signal), action);
      return succeeded(await git(["rev-parse", "HEAD"], signal, folder), action).stdout.trim();
    },
    ignoredBy: async (folder, rules, signal) => {
      const file = join(folder, rules);
      if (!existsSync(file)) return [];
      const own = join(folder, ".git", "rules");
      await writeFile(own, (await readFile(file, "utf8")).replaceAll(/^\.\//gm, ""));
      const args = ["-c", "core.ignoreCase=true", "ls-files", "-z", "--cached", "--ignored", `--exclude-from=${own}`];
      return listed(succeeded(await git(args, signal, folder), `read ${rules}`).stdout);
    },
    submodules: async (folder, signal) => {
      const answer = succeeded(await git(["ls-files", "-z", "--stage"], signal, folder), "list the files of the copy");
      return listed(answer.stdout).flatMap((entry) => SUBMODULE.exec(entry)?.[1] ?? []);
    },
    listing: async (url, signal) => {
      const answer = await gitAt(url, ["ls-remote", "--symref", "--", checkedUrl(url)], signal);
      const lines = succeededAt(url, answer, `read the refs of ${shown(url)}`).stdout;
      const [, defaultBranch] = /^ref: refs\/heads\/(\S+)\tHEAD$/m.exec(lines) ?? [];
      return { refs: refsOf(lines, "\t").filter(({ name }) => name !== "HEAD"), defaultBranch };
    },
    copyLfsObjects: (objects, from, to, signal) => {
      const storeOf = (url: string) =>
        url.startsWith("/") ? lfsFolder(url) : lfsServer({ url, credential: credentialFor(url, credentials) });
      return copyLfsObjects(objects, storeOf(from), storeOf(to), signal);
    },
    bare: (folder) => bareCommand(runner, folder),
    ...gitHistory(runner),
  };
}

/** An entry of git's index that is a commit of another repository: mode, object, stage and path. */
const SUBMODULE = /^160000 [0-9a-f]+ \d\t(.+)$/s;

/** Entries of a list that ends each with a zero. */
function listed(text: string): string[] {
  return text.split("\0").filter((entry) => entry !== "");
}

/** The answer of a git that succeeded. `credential` is the one that the server got, or should have got. */
function succeeded(answer: GitAnswer, action: string, credential?: GitCredential): GitAnswer {
  if (answer.exitCode === 0) return answer;
  if (REFUSED.test(answer.stderr))
    throw new RefusedTokenError(redact(`git could not ${action}: the server ${refusalOf(credential)}`));
  if (credential?.token !== undefined && NOT_FOUND.test(answer.stderr))
    throw new GitError(
      redact(
        `git could not ${action}: the server shows no such repository. It does not exist, or ${credential.tokenName} does not reach it: a fine-grained token reaches one owner. Correct one of them. ${typeSecret(credential.tokenName)}`,
      ),
    );
  const lines = answer.stderr.split("\n").flatMap((line) => line.trim() || []);
  const why = lines.find((line) => /^(fatal|error|remote):/.test(line)) ?? lines.at(-1) ?? `exit ${answer.exitCode}`;
  throw new GitError(redact(`git could not ${action}: ${why.replace(/^(fatal|error):\s*/, "").replace(/\.$/, "")}.`));
}

function refusalOf(credential: GitCredential | undefined): string {
  if (credential === undefined) return "wants a token, and there is none for it. Check the address of the repository.";
  const { token, tokenName } = credential;
  if (token === undefined) return `wants a token, and ${withoutToken(tokenName)}`;
  return `refuses the token. Correct ${tokenName}. ${typeSecret(tokenName)}`;
}

function refsOf(text: string, separator: string): GitRef[] {
  return text
    .split("\n")
    .map((line) => line.split(separator))
    .flatMap(([object, name]) => (object && name && !name.endsWith("^{}") ? [{ name, object }] : []));
}

/** What the server itself printed, each line once. */
function serverWords(stderr: string): string {
  const lines = stderr.split("\n").flatMap((line) => /^remote:\s*(?:error:\s*)?(.*\S)/.exec(line)?.[1] ?? []);
  return [...new Set(lines.filter((line) => !line.startsWith("hook declined")))].join("; ");
}

/**
 * Lines of `git push --porcelain`: flag, tab, from:to, tab, what happened. If a hook of the server refused a ref, only the server's own words
 * say why. They do not name the ref.
 */
function pushedOf(text: string, words: string): PushedRef[] {
  return text.split("\n").flatMap((line) => {
    const [flag, names, reason] = line.split("\t");
    const name = names?.slice(names.indexOf(":") + 1);
    if (!flag || !name || reason === undefined) return [];
    const why = reason.includes("hook declined") && words !== "" ? `${reason}: ${words}` : reason;
    return [{ name, taken: flag !== "!", reason: redact(why) }];
  });
}

/** git would read an address that begins with a dash as an option, and `ext::` as a command to run. */
function checkedUrl(url: string): string {
  if (/^(https?|file):\/\//.test(url) || url.startsWith("/")) return url;
  throw new UserError(`"${shown(url)}" is not the address of a repository: use https://… or an absolute path.`);
}

function checkedName(name: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9._/-]*$/.test(name) && !name.includes("..")) return name;
  throw new UserError(`"${name}" is not the name of a branch or tag.`);
}

function shown(url: string): string {
  return redact(url);
}
