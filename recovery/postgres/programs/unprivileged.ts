import { realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** User and group for Postgres when this process is root, as which it refuses to run. */
export const UNPRIVILEGED = { uid: 65534, gid: 65534 } as const;

/** Whether this process is root, so that Postgres needs another user. */
export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/**
 * The command line that runs a program as the unprivileged user. `setpriv` execs, so the started process is the program itself.
 *
 * @param passes whether it keeps the right to pass through folders that only root may enter; a container may not grant it
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

/** Whether any user may enter a folder, and all folders above it. */
export function anyoneMayEnter(folder: string): boolean {
  for (let path = realpathSync(folder); ; path = dirname(path)) {
    if ((statSync(path).mode & 0o001) === 0) return false;
    if (path === dirname(path)) return true;
  }
}
