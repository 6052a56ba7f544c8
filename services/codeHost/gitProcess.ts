import { childEnvironment } from "../common/childEnvironment.ts";
import { UserError } from "../common/errors.ts";
import type { GitCredential } from "./git.ts";

/** How git ended. */
export interface GitAnswer {
  exitCode?: number | undefined;
  stdout: string;
  stderr: string;
}

/** The environment variables that git gets. The caller's own git settings must not change what a recovery does. */
const PASSED_ON = /^(PATH|HOME|LANG|TMPDIR|SSL_CERT_FILE|(HTTPS?|NO)_PROXY|(https?|no)_proxy)$/;

/** The environment of a git that gets one credential, or none. */
export function gitEnvironment(credential: GitCredential | undefined): NodeJS.ProcessEnv {
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

/** Runs git, and gives its answer also if it fails. What it prints is taken as UTF-8, or byte by byte if it is given input. */
export async function runGit(
  args: readonly string[],
  options: {
    environment: NodeJS.ProcessEnv;
    signal: AbortSignal;
    folder?: string | undefined;
    input?: string | undefined;
  },
): Promise<GitAnswer> {
  const { environment: env, signal, folder, input } = options;
  const { execa } = await import("execa");
  signal.throwIfAborted();
  const child = execa("git", args, {
    env,
    extendEnv: false,
    ...(folder !== undefined && { cwd: folder }),
    // Contents of files are of any encoding.
    ...(input === undefined ? { stdin: "ignore" as const } : { input, encoding: "latin1" as const }),
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
