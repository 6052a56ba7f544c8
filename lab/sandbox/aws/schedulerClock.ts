import { existsSync } from "node:fs";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { UserError } from "../../../services/common/errors.ts";

/** The file in ministack's folder by which EventBridge Scheduler's clock is ahead of the machine's, in seconds. */
export function schedulerClockFile(dataDir: string): string {
  return join(dataDir, "scheduler-clock");
}

/**
 * Lets time pass for EventBridge Scheduler alone, so that what is due in hours is due now. It fires within a second, each schedule
 * once however long the time is: the real service would have fired at every interval. Gives back by how many seconds it is ahead.
 */
export async function advanceScheduler(dataDir: string, seconds: number): Promise<number> {
  if (!Number.isFinite(seconds) || seconds <= 0) {
    throw new UserError(`The scheduler's clock can't be advanced by ${seconds} seconds: give a number above 0.`);
  }
  const file = schedulerClockFile(dataDir);
  const ahead = (existsSync(file) ? Number(await readFile(file, "ascii")) : 0) + seconds;
  await writeFile(`${file}.new`, String(ahead));
  await rename(`${file}.new`, file);
  return ahead;
}
