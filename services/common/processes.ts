import { readFileSync } from "node:fs";

/** Whether a process exists and has not ended (one that has ended but was not collected by its parent counts as ended). */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    if ((error as NodeJS.ErrnoException).code !== "EPERM") throw error;
  }
  const stat = procStat(pid);
  // The first thread of a process may have ended (Z) while others still hold its files and ports.
  return stat?.state !== "Z" || stat.threads > 1;
}

/** Start time of a process in clock ticks since the machine's boot. The system reuses a pid, but not a pid with its start time. */
export function startTicks(pid: number): string | undefined {
  return procStat(pid)?.startTicks;
}

/** Whether a pid still belongs to the process that had this start time. */
export function isSameProcess(pid: number, ticks: string | undefined): boolean {
  return isAlive(pid) && startTicks(pid) === ticks;
}

/** Reads /proc/PID/stat (proc(5)): field 3 is the state, 20 the number of threads, 22 the start time. The name (field 2) may hold spaces. */
function procStat(pid: number): { state: string; threads: number; startTicks: string } | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ESRCH") return undefined;
    throw error;
  }
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "", threads: Number(fields[17]), startTicks: fields[19] ?? "" };
}
