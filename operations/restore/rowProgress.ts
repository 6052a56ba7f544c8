import type { Reporter } from "../../clients/reporter.ts";
import type { BackupChunk } from "../vault/manifest.ts";

const REPORT_EVERY_MS = 10_000;

/** Tells now and then how far the rows of a restore are, how fast they come, and how long it will take. */
export class RowProgress {
  readonly #reporter: Reporter;
  readonly #now: () => number;
  readonly #total: number;
  readonly #startedAt: number;
  #toldAt: number;
  #bytes = 0;

  /** @param now milliseconds since any instant */
  constructor(chunks: readonly BackupChunk[], reporter: Reporter, now = () => performance.now()) {
    this.#reporter = reporter;
    this.#now = now;
    this.#total = chunks.reduce((sum, chunk) => sum + plainBytes(chunk), 0);
    this.#startedAt = now();
    this.#toldAt = this.#startedAt;
  }

  /** A chunk is in the target. */
  add(chunk: BackupChunk): void {
    this.#bytes += plainBytes(chunk);
    const now = this.#now();
    if (now - this.#toldAt < REPORT_EVERY_MS) return;
    this.#toldAt = now;
    const rate = this.#bytes / (now - this.#startedAt);
    const left = Math.ceil((this.#total - this.#bytes) / rate / 1000);
    this.#reporter(
      `${Math.floor((100 * this.#bytes) / this.#total)} % of the rows restored, ${(rate / 1000).toFixed(1)} MB a second, ${left} s left`,
    );
  }
}

function plainBytes(chunk: BackupChunk): number {
  return chunk.sections.reduce((sum, section) => sum + section.bytes, 0);
}
