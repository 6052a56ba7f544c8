import { renameSync, writeFileSync } from "node:fs";

/**
 * Writes a file that only its owner can read, whole or not at all: a crash leaves either the old content or the new one. It does not wait, so
 * that concurrent writers come one after the other.
 */
export function writeWhole(file: string, text: string): void {
  const written = `${file}.new`;
  writeFileSync(written, text, { mode: 0o600 });
  renameSync(written, file);
}
