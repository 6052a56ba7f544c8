import { childEnvironment } from "../common/childEnvironment.ts";
import { redact, typeSecret, UserError } from "../common/errors.ts";
import { withoutToken } from "../http/remoteService.ts";
import {
  type Git,
  type GitCredential,
  GitError,
  type GitRef,
  originOf,
  type PushedRef,
  RefusedTokenError,
} from "./git.ts";

/** What git prints if the server refuses it: git would ask for a name and a password, and must not. */
const REFUSED = /could not read (Username|Password)|Authentication failed|The requested URL returned error: 40[13]/;

/** What git prints if the server shows no such repository, also because the token may not see it. */
const NOT_FOUND = /^(remote: Repository not found|fatal: repository '.*' not found)/m;

/** The environment variables that git gets. The caller's own git settings must not change what a recovery does. */
const PASSED_ON = /^(PATH|HOME|LANG|TMPDIR|SSL_CERT_FILE|(HTTPS?|NO)_PROXY|(https?|no)_proxy)$/;

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
    mirror: async (url, folder, signal) => {
      const answer = await gitAt(url, ["clone", "--quiet", "--mirror", "--", checkedUrl(url), folder], signal);
      succeededAt(url, answer, `copy ${shown(url)}`);
    },
    localRefs: async (folder, signal) => {
      const answer = await git(["for-each-ref", "--format=%(objectname) %(refname)"], signal, folder);
      return refsOf(succeeded(answer, "list the refs of the copy").stdout, " ");
    },
    push: async (folder, url, refspecs, signal) => {
      const answer = await gitAt(url, ["push", "--porcelain", "--", checkedUrl(url), ...refspecs], signal, folder);
      const pushed = pushedOf(answer.stdout, serverWords(answer.stderr));
      // git fails if any ref is refused. The push as a whole has failed only if git reports nothing about single refs.
      if (pushed.length === 0) succeededAt(url, answer, `push to ${shown(url)}`);
      return pushed;
    },
  };
}

interface GitAnswer {
  exitCode?: number | undefined;
  stdout: string;
  stderr: string;
}

/** The credential for an address. Owners have no case at the code host. */
function credentialFor(url: string | undefined, credentials: readonly GitCredential[]): GitCredential | undefined {
  const origin = originOf(url ?? "");
  const path = origin === "" ? "" : new URL(url ?? "").pathname.toLowerCase();
  const fitting = credentials.filter((one) => origin !== "" && one.origin === origin);
  return (
    fitting.find(({ owner }) => owner !== undefined && path.startsWith(`/${owner.toLowerCase()}/`)) ??
    fitting.find(({ owner }) => owner === undefined)
  );
}

function gitEnvironment(credential: GitCredential | undefined): NodeJS.ProcessEnv {
  const settings: [string, string][] = [
    ["core.hooksPath", "/dev/null"],
    ["credential.helper", ""],
    // A redirect must not take our credential to another server.
    ["http.followRedirects", "false"],
    ["gc.auto", "0"],
    ...(credential?.token === undefined ? [] : [headerOf(credential.origin, credential.username, credential.token)]),
  ];
  const numbered = settings.flatMap(([key, value], index): [string, string][] => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return {
    GIT_TERMINAL_PROMPT: "0",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_COUNT: String(settings.length),
    LC_ALL: "C",
    ...childEnvironment(PASSED_ON),
    ...Object.fromEntries(numbered),
  };
}

function headerOf(origin: string, username: string, token: string): [string, string] {
  const basic = Buffer.from(`${username}:${token}`).toString("base64");
  return [`http.${origin}/.extraHeader`, `Authorization: Basic ${basic}`];
}

async function runGit(
  args: readonly string[],
  options: { environment: NodeJS.ProcessEnv; signal: AbortSignal; folder?: string | undefined },
): Promise<GitAnswer> {
  const { environment: env, signal, folder } = options;
  const { execa } = await import("execa");
  signal.throwIfAborted();
  const child = execa("git", args, {
    env,
    extendEnv: false,
    ...(folder !== undefined && { cwd: folder }),
    stdin: "ignore",
    reject: false,
    // A group of its own, so that git's helpers (git-remote-https) end with it.
    detached: true,
  });
  const stop = (): void => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGTERM");
  };
  signal.addEventListener("abort", stop, { once: true });
  try {
    const answer = await child;
    signal.throwIfAborted();
    if (answer.code === "ENOENT") throw new UserError("git is not installed: install it and try again.");
    if (answer.code !== undefined) throw new Error(`git could not be run: ${answer.shortMessage}`, { cause: answer });
    return answer;
  } finally {
    signal.removeEventListener("abort", stop);
  }
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
