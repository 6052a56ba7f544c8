import { readdirSync, readFileSync } from "node:fs";

/** Kills a process and all of its descendants. A process that has already ended is ignored. */
export function endTree(pid: number): void {
  const parents = parentsOfAll();
  const children = (of: number): number[] =>
    [...parents].filter(([, parent]) => parent === of).flatMap(([child]) => [child, ...children(child)]);
  for (const one of [pid, ...children(pid)]) kill(one);
}

/** Each process's parent (proc(5): the fourth field of /proc/PID/stat; the second, its name, may hold spaces). */
function parentsOfAll(): Map<number, number> {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    const stat = orGone(() => readFileSync(`/proc/${name}/stat`, "utf8"));
    if (stat === undefined) continue;
    parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
  }
  return parents;
}

function kill(pid: number): void {
  orGone(() => process.kill(pid, "SIGKILL"));
}

function orGone<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH") return undefined;
    throw error;
  }
}
