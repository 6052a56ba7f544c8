import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { z } from "zod";

import type { Clock } from "../../services/common/clock.ts";

/** What the preview of a `pulumi up` has shown of the public names, for the update that follows it. */
export interface ShownPlans {
  keep(publicName: string, lines: readonly string[]): void;
  /** Undefined if no preview of the same engine has shown the name. */
  of(publicName: string): readonly string[] | undefined;
}

const FOLDER = fileURLToPath(new URL("../../.build/shown/", import.meta.url));
/** Milliseconds after which a preview no longer counts: an engine's process id may come again. */
const KEPT_MS = 3_600_000;
const schema = z.record(z.string(), z.array(z.string()));

/**
 * Keeps what was shown in a file of the project, one for each engine. A preview and its update run in two processes of this provider, and have
 * only the engine that started both in common: the parent process.
 */
export function shownPlans(clock: Clock, engine: number = process.ppid, folder: string = FOLDER): ShownPlans {
  const file = join(folder, `${engine}.json`);
  const read = (): Record<string, readonly string[]> => {
    if (!isRecent(file, clock)) return {};
    return schema.parse(JSON.parse(readFileSync(file, "utf8")));
  };
  return {
    keep(publicName, lines) {
      mkdirSync(folder, { recursive: true });
      for (const name of readdirSync(folder)) if (!isRecent(join(folder, name), clock)) rmSync(join(folder, name));
      writeFileSync(file, JSON.stringify({ ...read(), [publicName]: lines }), { mode: 0o600 });
    },
    of: (publicName) => read()[publicName],
  };
}

function isRecent(file: string, clock: Clock): boolean {
  const written = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  return written !== undefined && clock().getTime() - written < KEPT_MS;
}
