import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { sandboxPostgres } from "../../../lab/sandbox/postgres/binaries.ts";
import type {
  Throwaway,
  ThrowawayPostgres,
  ThrowawayWish,
} from "../../../recovery/postgres/session/throwawayPostgres.ts";
import { localThrowaway } from "../../../recovery/verify/throwaway/localThrowaway.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { silent } from "../../../services/common/reporter.ts";
import { quickInitdb } from "../../support/quickInitdb.ts";

/**
 * A folder of its own for local throwaway servers, so that what they leave is known. Call stop() at the end, which removes them.
 *
 * @param initdb "real" if the test is about the making of servers
 */
export async function startThrowaways(postgres = sandboxPostgres, initdb: "quick" | "real" = "quick") {
  // Closed to all but its owner, as a job's private TMPDIR is.
  const folder = await mkdtemp(join(tmpdir(), "throwaways-"));
  const environment = {
    PATH: "",
    PG_BIN: initdb === "real" ? postgres.folder : await quickInitdb(postgres),
    TMPDIR: folder,
  };
  const made: Throwaway[] = [];
  return {
    environment,
    async create(wish: ThrowawayWish) {
      const throwaway = await localThrowaway(environment).create(wish);
      made.push(throwaway);
      return throwaway;
    },
    /** What is in the folder. */
    left: () => readdir(folder),
    async stop() {
      for (const throwaway of made) await throwaway.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** How a verification restores into such servers. */
export const restoringInto = (throwaways: ThrowawayPostgres) => ({ throwaways, forbidden: [], clock: systemClock });

/** A wish for a throwaway of version 17 that no backup is restored into. */
export function wishFor(more: Partial<ThrowawayWish> = {}): ThrowawayWish {
  const signal = new AbortController().signal;
  return { serverMajor: 17, systemIdentifier: undefined, forbidden: [], reporter: silent, signal, ...more };
}
