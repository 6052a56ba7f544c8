import { DAY_MS } from "./time.ts";

/** How much each run stores, and as what. */
export interface Workload {
  /** Bytes of a backup at the start: compressed rows and storage objects. */
  readonly dumpBytes: number;
  /** Yearly growth: 0.2 for 20 %. */
  readonly growthPerYear: number;
  /** Mean bytes of the objects that it is stored as: chunks of rows, and storage objects. @default - those of chunks */
  readonly objectBytes?: number;
  /** Bytes that a run reads from the database's host for each byte that it stores. @default 1 */
  readonly readPerStoredByte?: number;
}

/** Plain bytes of a chunk of rows: CHUNK_BYTES of recovery/backup/chunkWriter.ts, which a test compares. */
export const CHUNK_BYTES = 6 * 1024 * 1024;
/** Stored bytes of a chunk at the measured compression of 2.5. */
const STORED_CHUNK_BYTES = CHUNK_BYTES / 2.5;

/** Number of the small objects of a backup (roles, managed rows, manifest, signature, proof …), and their total size. */
export const SMALL_OBJECTS = 7;
export const SMALL_OBJECTS_BYTES = 128 * 1024;

const YEAR_MS = 365.25 * DAY_MS;

/** Bytes of the dump at so many milliseconds after the start. */
export function dumpBytesAfter({ dumpBytes, growthPerYear }: Workload, elapsedMs: number): number {
  return dumpBytes * (1 + growthPerYear) ** (elapsedMs / YEAR_MS);
}

/** Mean bytes of a backup's large objects. A tiny backup is one object. */
export function objectBytesOf({ objectBytes = STORED_CHUNK_BYTES }: Workload, bytes: number): number {
  return Math.min(objectBytes, bytes);
}
