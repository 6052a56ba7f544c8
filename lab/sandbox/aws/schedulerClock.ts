import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { UserError } from "../../../services/common/errors.ts";
import { writeWhole } from "../host/writeWhole.ts";

/** The file in ministack's folder with the seconds by which EventBridge Scheduler's clock is ahead of the machine's. */
export function schedulerClockFile(dataDir: string): string {
  return join(dataDir, "scheduler-clock");
}

/**
 * Advances only EventBridge Scheduler's clock, so that schedules due within that time are due now. Each schedule then fires once within a
 * second, however long the time is; the real service would have fired at every interval. Returns the seconds by which the clock is now
 * ahead.
 */
export async function advanceScheduler(dataDir: string, seconds: number): Promise<number> {
  if (!Number.isFinite(seconds) || seconds <= 0) {
    throw new UserError(`The scheduler's clock can't be advanced by ${seconds} seconds. Give a number above 0.`);
  }
  const file = schedulerClockFile(dataDir);
  const ahead = (existsSync(file) ? Number(await readFile(file, "ascii")) : 0) + seconds;
  writeWhole(file, String(ahead));
  return ahead;
}
