import type { Reporter } from "../../../services/common/reporter.ts";
import type { BackupChunk } from "../../vault/manifest.ts";

const REPORT_EVERY_MS = 10_000;

/** Reports at intervals how much of the rows is there, how fast they come, and how long the rest will take. */
export class RowProgress {
  readonly #reporter: Reporter;
  readonly #now: () => number;
  readonly #total: number;
  readonly #startedAt: number;
  #reportedAt: number;
  #left: number;
  #brought = 0;

  /**
   * @param wanted all chunks
   * @param missing those of them that an earlier run has not brought
   * @param now milliseconds of a monotonic clock
   */
  constructor(
    wanted: readonly BackupChunk[],
    missing: readonly BackupChunk[],
    reporter: Reporter,
    now = () => performance.now(),
  ) {
    this.#reporter = reporter;
    this.#now = now;
    this.#total = bytesOf(wanted);
    this.#left = bytesOf(missing);
    this.#startedAt = this.#reportedAt = now();
  }

  add(chunk: BackupChunk): void {
    this.#brought += bytesOf([chunk]);
    this.#left -= bytesOf([chunk]);
    const now = this.#now();
    if (now - this.#reportedAt < REPORT_EVERY_MS) return;
    this.#reportedAt = now;
    // Without the rows of an earlier run, which took none of this run's time.
    const rate = this.#brought / (now - this.#startedAt);
    this.#reporter(
      `${Math.floor((100 * (this.#total - this.#left)) / this.#total)} % of the rows restored, ${(rate / 1000).toFixed(1)} MB a second, ${inWords(this.#left / rate / 1000)} left`,
    );
  }
}

function bytesOf(chunks: readonly BackupChunk[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.sections.reduce((bytes, section) => bytes + section.bytes, 0), 0);
}

/** "45 s", "12 min". A long wait has no seconds. */
function inWords(seconds: number): string {
  return seconds < 120 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}
