import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";

/** As /proc/PID/comm shows it: cut to 15 characters. */
const HOST_NAME = "pulumi-language";

/**
 * Ends Pulumi language hosts whose engine was killed, since older ones wait for it for ever. Only those that were started with the same
 * backend, and whose parent is gone. It works on Linux only, and does nothing elsewhere.
 */
export async function endOrphanedHosts(environment: NodeJS.ProcessEnv): Promise<void> {
  const backend = environment["PULUMI_BACKEND_URL"];
  if (!existsSync("/proc/self/stat") || backend === undefined) return;
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const [name, stat, variables] = await Promise.all(
      ["comm", "stat", "environ"].map((file) => readOrNothing(`/proc/${pid}/${file}`)),
    );
    const parent = stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[1];
    const isOurs = variables?.split("\0").includes(`PULUMI_BACKEND_URL=${backend}`) ?? false;
    if (name?.trim() === HOST_NAME && parent === "1" && isOurs) end(Number(pid));
  }
}

/** Undefined if the process has ended, or belongs to another user. */
async function readOrNothing(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (["ENOENT", "ESRCH", "EACCES", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, "SIGTERM");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
