import { DAY_MS } from "./time.ts";

/** How much each run stores. */
export interface Workload {
  /** Bytes of a backup's compressed dump at the start. */
  readonly dumpBytes: number;
  /** Yearly growth: 0.2 for 20 %. */
  readonly growthPerYear: number;
}

/** Number of the small objects of a backup (roles, managed rows, manifest, signature, proof …), and their total size. */
export const SMALL_OBJECTS = 7;
export const SMALL_OBJECTS_BYTES = 128 * 1024;

const YEAR_MS = 365.25 * DAY_MS;

/** Bytes of the dump at so many milliseconds after the start. */
export function dumpBytesAfter({ dumpBytes, growthPerYear }: Workload, elapsedMs: number): number {
  return dumpBytes * (1 + growthPerYear) ** (elapsedMs / YEAR_MS);
}
