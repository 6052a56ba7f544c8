import { describe, expect, it } from "@jest/globals";
import { RowProgress } from "../../../operations/restore/rowProgress.ts";
import type { BackupChunk } from "../../../operations/vault/manifest.ts";

const chunk = (bytes: number): BackupChunk => ({
  ...{ key: "daily/x/data/000001.copy.zst", kind: "app", sizeBytes: 1, sha256: "0".repeat(64) },
  sections: [
    { schema: "public", name: "posts", rows: 1, bytes: bytes / 2, fingerprint: "0".repeat(16) },
    { schema: "public", name: "users", rows: 1, bytes: bytes / 2, fingerprint: "0".repeat(16) },
  ],
});

describe("RowProgress", () => {
  it("tells every ten seconds how far the rows are, their rate and the time that is left", () => {
    let now = 5_000;
    const said: string[] = [];
    const chunks = Array.from({ length: 8 }, () => chunk(25_000_000));
    const progress = new RowProgress(
      chunks,
      (message) => void said.push(message),
      () => now,
    );
    for (const one of chunks) {
      now += 4_000;
      progress.add(one);
    }
    expect(said).toEqual([
      "37 % of the rows restored, 6.3 MB a second, 20 s left",
      "75 % of the rows restored, 6.3 MB a second, 8 s left",
    ]);
  });
});
