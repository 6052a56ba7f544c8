import { realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** User and group that Postgres runs as when we are root, which it refuses to run as. */
export const UNPRIVILEGED = { uid: 65534, gid: 65534 } as const;

/** Whether this process is root, so that Postgres needs another user. */
export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/**
 * The command line that runs a program as `nobody`. `setpriv` execs, so the process that is started is the program itself.
 *
 * @param passes whether it keeps just the right to pass through folders that only root may enter; a container may not grant it
 */
export function asNobody(
  file: string,
  args: readonly string[],
  { passes }: { passes: boolean },
): { file: string; args: string[] } {
  const capabilities = "+dac_override,+dac_read_search";
  return {
    file: "setpriv",
    args: [
      `--reuid=${UNPRIVILEGED.uid}`,
      `--regid=${UNPRIVILEGED.gid}`,
      "--clear-groups",
      ...(passes ? [`--inh-caps=${capabilities}`, `--ambient-caps=${capabilities}`] : []),
      file,
      ...args,
    ],
  };
}

/** Whether any user may enter a folder: it and all those above it let others pass. */
export function anyoneMayEnter(folder: string): boolean {
  for (let path = realpathSync(folder); ; path = dirname(path)) {
    if ((statSync(path).mode & 0o001) === 0) return false;
    if (path === dirname(path)) return true;
  }
}
