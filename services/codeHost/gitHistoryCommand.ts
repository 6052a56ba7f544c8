import { childEnvironment } from "../common/childEnvironment.ts";
import type { GitRunner } from "./bareCommand.ts";
import type { GitHistory, HistoryCommit } from "./gitHistory.ts";
import { type GitAnswer, runGit } from "./gitProcess.ts";

/** Fields of a commit end with a zero, and a commit with two: a message may hold anything else. */
const FORMAT = "--format=%H%x00%P%x00%B%x00%x00";
const SHA = /^[0-9a-f]{7,64}$/;

/** A branch's history by the git command. */
export function gitHistory({ run: runAt, succeeded, checked, pushed }: GitRunner): GitHistory {
  const run = (args: readonly string[], signal: AbortSignal, folder: string): Promise<GitAnswer> =>
    runAt(args, signal, { folder });
  const clone = async (url: string, branch: string, more: readonly string[], folder: string, signal: AbortSignal) => {
    const args = ["clone", "--quiet", "--single-branch", "--no-tags", `--branch=${branch}`, ...more];
    succeeded(await runAt([...args, "--", checked(url), folder], signal, { url }), `read ${branch} of ${url}`, url);
  };
  const holds = async (folder: string, commit: string, signal: AbortSignal): Promise<boolean> =>
    SHA.test(commit) && (await run(["cat-file", "-e", `${commit}^{commit}`], signal, folder)).exitCode === 0;
  const takeBack = async (folder: string, one: HistoryCommit, signal: AbortSignal): Promise<boolean> => {
    // Of a merge, what the branch has got by it is taken back.
    const parent = one.isMerge ? ["--mainline=1"] : [];
    return (await run(["revert", "--no-commit", ...parent, one.id], signal, folder)).exitCode === 0;
  };
  return {
    cloneHistory: async (url, branch, folder, signal) => {
      await clone(url, branch, ["--bare", "--filter=blob:none"], folder, signal);
      return succeeded(await run(["rev-parse", "HEAD"], signal, folder), `read ${branch}`).stdout.trim();
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
      await clone(url, branch, [], folder, signal);
      for (const one of commits) if (!(await takeBack(folder, one, signal))) return { conflict: one };
      if ((await run(["diff", "--cached", "--quiet"], signal, folder)).exitCode === 0) return {};
      const who = ["-c", `user.name=${author.name}`, "-c", `user.email=${author.email}`];
      const commit = [...who, "commit", "--quiet", "--no-verify", "--no-gpg-sign", `--message=${message}`];
      succeeded(await run(commit, signal, folder), "commit the revert");
      return { commit: succeeded(await run(["rev-parse", "HEAD"], signal, folder), "read the revert").stdout.trim() };
    },
    pushCommit: async (folder, url, commit, branch, signal) => {
      const name = `refs/heads/${branch}`;
      const answer = await runAt(["push", "--porcelain", "--", checked(url), `${commit}:${name}`], signal, {
        folder,
        url,
      });
      const [one] = pushed(answer);
      if (one !== undefined) return one;
      succeeded(answer, `push to ${url}`, url);
      return { name, taken: false, reason: "git does not say what became of it" };
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
