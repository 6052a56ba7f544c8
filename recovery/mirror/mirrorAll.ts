import { messageOf } from "../../services/common/errors.ts";
import { pool } from "../../services/common/pool.ts";
import type { MirrorResult } from "./mirrorRepository.ts";

/** Mirrors that are brought up to date at once: most of the time each waits for its hosts. */
const AT_ONCE = 6;

/** One mirror to bring up to date. */
export interface MirrorJob<R = MirrorResult> {
  repository: string;
  /** The mirror's name, or its folder. */
  mirror: string;
  run: (signal: AbortSignal) => Promise<R>;
}

/** How one of several ended: with a result, or with the sentence of its failure. */
export type Outcome<R = MirrorResult> = Pick<MirrorJob, "repository" | "mirror"> &
  ({ result: R; failure?: undefined } | { result?: undefined; failure: string });

/** Brings several mirrors up to date, a few at once. One failure stops no other. Throws only the signal's reason. */
export async function mirrorAll<R>(jobs: readonly MirrorJob<R>[], signal: AbortSignal): Promise<Outcome<R>[]> {
  return await pool(
    jobs,
    AT_ONCE,
    async ({ repository, mirror, run }, inner): Promise<Outcome<R>> => {
      try {
        return { repository, mirror, result: await run(inner) };
      } catch (error) {
        inner.throwIfAborted();
        return { repository, mirror, failure: messageOf(error) };
      }
    },
    signal,
  );
}
