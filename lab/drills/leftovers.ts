import { existsSync } from "node:fs";
import { readdir, readFile, readlink } from "node:fs/promises";

import { isFree } from "../../services/common/ports.ts";
import type { SandboxFile } from "../sandbox/host/layout.ts";

/** Finds what a drill must not leave behind, after everything has been stopped. */
export async function findLeftovers(home: string, file: SandboxFile): Promise<string[]> {
  const ports = await Promise.all(
    Object.entries(file.ports).map(async ([service, port]) =>
      (await isFree(port)) ? [] : [`port ${port} (${service}) is still in use`],
    ),
  );
  return [
    ...ports.flat(),
    ...(await processesWith(home)).map((line) => `process ${line} is still running`),
    // The drill's temporary files are in there too.
    ...(existsSync(home) ? [`${home} is still there`] : []),
  ];
}

/** Processes with the sandbox's home among their arguments or as working folder. Linux only, from /proc. */
async function processesWith(home: string): Promise<string[]> {
  if (!existsSync("/proc/self/cmdline")) return [];
  const found: string[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(endedOrForeign);
    const folder = await readlink(`/proc/${pid}/cwd`).catch(endedOrForeign);
    if (command.includes(home) || folder.startsWith(home))
      found.push(`${pid} (${command.split("\0").slice(0, 2).join(" ")})`);
  }
  return found;
}

/** Ignores a process that has just ended, or that belongs to another user. */
function endedOrForeign(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ESRCH" || code === "EACCES") return "";
  throw error;
}
