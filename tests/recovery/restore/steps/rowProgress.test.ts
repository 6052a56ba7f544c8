import { describe, expect, it } from "@jest/globals";

import { RowProgress } from "../../../../recovery/restore/steps/rowProgress.ts";
import type { BackupChunk } from "../../../../recovery/vault/manifest.ts";

const chunks = Array.from(
  { length: 10 },
  (_, at) => ({ key: String(at), sections: [{ bytes: 100e6 }] }) as BackupChunk,
);

/** The reports as chunks come, each after so many seconds. Those that are not missing are there from an earlier run. */
function said(missing: readonly BackupChunk[], secondsEach: number, come: number): string[] {
  const lines: string[] = [];
  let now = 0;
  const clock = () => now;
  const progress = new RowProgress(chunks, missing, (line) => lines.push(line), clock);
  for (const chunk of missing.slice(0, come)) {
    now += secondsEach * 1000;
    progress.add(chunk);
  }
  return lines;
}

describe("RowProgress", () => {
  it("reports share, rate and time left, every ten seconds", () => {
    expect(said(chunks, 5, 4)).toEqual([
      "20 % of the rows restored, 20.0 MB a second, 40 s left",
      "40 % of the rows restored, 20.0 MB a second, 30 s left",
    ]);
    expect(said(chunks, 20, 1)).toEqual(["10 % of the rows restored, 5.0 MB a second, 3 min left"]);
  });

  it("counts what an earlier run has brought as there, but not as this run's speed", () => {
    expect(said(chunks.slice(6), 10, 2)).toEqual([
      "70 % of the rows restored, 10.0 MB a second, 30 s left",
      "80 % of the rows restored, 10.0 MB a second, 20 s left",
    ]);
  });
});
