import { DAY_MS } from "./time.ts";

/** How much a run stores. */
export interface Workload {
  /** Bytes of a backup's dump, compressed, at the start. */
  readonly dumpBytes: number;
  /** Yearly growth: 0.2 for 20 %. */
  readonly growthPerYear: number;
}

/** Objects that lie beside a backup's dump (roles, managed rows, manifest, signature, proof …), and their size together. */
export const SMALL_OBJECTS = 7;
export const SMALL_OBJECTS_BYTES = 128 * 1024;

const YEAR_MS = 365.25 * DAY_MS;

/** Bytes of the dump that is taken so long after the start. */
export function dumpBytesAfter({ dumpBytes, growthPerYear }: Workload, elapsedMs: number): number {
  return dumpBytes * (1 + growthPerYear) ** (elapsedMs / YEAR_MS);
}
