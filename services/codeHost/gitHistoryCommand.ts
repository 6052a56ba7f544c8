import { childEnvironment } from "../common/childEnvironment.ts";
import type { GitHistory, HistoryCommit } from "./gitHistory.ts";
import { type GitAnswer, runGit } from "./gitProcess.ts";

/** How the git command is run. */
export interface GitRunner {
  /** With the credential of an address, whose form is checked. Gives what git prints; throws GitError if it fails. */
  readonly at: (url: string, args: readonly string[], action: string, signal: AbortSignal) => Promise<string>;
  /** In a copy, without a credential. */
  readonly run: (args: readonly string[], signal: AbortSignal, folder: string) => Promise<GitAnswer>;
  /** Throws GitError for the answer of a git that failed. */
  readonly succeeded: (answer: GitAnswer, action: string) => GitAnswer;
}

/** Fields of a commit end with a zero, and a commit with two: a message may hold anything else. */
const FORMAT = "--format=%H%x00%P%x00%B%x00%x00";
const SHA = /^[0-9a-f]{7,64}$/;

/** A branch's history by the git command. */
export function gitHistory({ at, run, succeeded }: GitRunner): GitHistory {
  const holds = async (folder: string, commit: string, signal: AbortSignal): Promise<boolean> =>
    SHA.test(commit) && (await run(["cat-file", "-e", `${commit}^{commit}`], signal, folder)).exitCode === 0;
  const takeBack = async (folder: string, one: HistoryCommit, signal: AbortSignal): Promise<boolean> => {
    // Of a merge, what the branch has got by it is taken back.
    const parent = one.isMerge ? ["--mainline=1"] : [];
    return (await run(["revert", "--no-commit", ...parent, one.id], signal, folder)).exitCode === 0;
  };
  return {
    cloneHistory: async (url, branch, folder, signal) => {
      const args = ["clone", "--quiet", "--bare", "--filter=blob:none", "--single-branch", "--no-tags"];
      const action = `read the history of ${branch}`;
      await at(url, [...args, `--branch=${branch}`, "--", url, folder], action, signal);
      return succeeded(await run(["rev-parse", "HEAD"], signal, folder), action).stdout.trim();
    },
    commitsSince: async (folder, from, to, signal) => {
      const args = ["log", "--first-parent", FORMAT, to, `^${from}`, "--"];
      const { stdout } = succeeded(await run(args, signal, folder), "list the commits of a release");
      return stdout.split("\0\0\n").flatMap((entry) => {
        const [id = "", parents = "", message = ""] = entry.split("\0");
        return id === "" ? [] : [{ id: id.trim(), message: message.trim(), isMerge: parents.includes(" ") }];
      });
    },
    isAncestor: async (folder, older, newer, signal) => {
      if (!(await holds(folder, newer, signal))) return undefined;
      // The copy has the whole history of its branch.
      if (!(await holds(folder, older, signal))) return false;
      return (await run(["merge-base", "--is-ancestor", older, newer], signal, folder)).exitCode === 0;
    },
    pathsAt: async (folder, commit, signal) => {
      if (!(await holds(folder, commit, signal))) return undefined;
      const answer = await run(["ls-tree", "-r", "-z", "--name-only", commit], signal, folder);
      return succeeded(answer, "list the files of a commit")
        .stdout.split("\0")
        .filter((path) => path !== "");
    },
    revert: async (url, folder, { branch, commits, message, author }, signal) => {
      const args = ["clone", "--quiet", "--single-branch", "--no-tags", `--branch=${branch}`, "--", url, folder];
      await at(url, args, `copy ${branch}`, signal);
      const newest = async () =>
        succeeded(await run(["rev-parse", "HEAD"], signal, folder), "read a commit").stdout.trim();
      const head = await newest();
      for (const one of commits) if (!(await takeBack(folder, one, signal))) return { conflict: one };
      if ((await run(["diff", "--cached", "--quiet"], signal, folder)).exitCode === 0) return {};
      const who = ["-c", `user.name=${author.name}`, "-c", `user.email=${author.email}`];
      const commit = [...who, "commit", "--quiet", "--no-verify", "--no-gpg-sign", `--message=${message}`];
      succeeded(await run(commit, signal, folder), "commit the revert");
      return { commit: await newest(), head };
    },
    identity: async (environment, signal) => {
      const own = async (key: "name" | "email"): Promise<string> => {
        const given = environment[`GIT_AUTHOR_${key.toUpperCase()}`] ?? "";
        if (given !== "") return given;
        // The only question for which git reads its user's own settings.
        const settings = childEnvironment(/^(PATH|HOME|XDG_CONFIG_HOME)$/);
        return (await runGit(["config", "--get", `user.${key}`], { environment: settings, signal })).stdout.trim();
      };
      const [name, email] = [await own("name"), await own("email")];
      return name === "" || email === "" ? undefined : { name, email };
    },
  };
}
