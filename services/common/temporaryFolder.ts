import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Runs an action with a private temporary folder, and removes it, also after a failure. Its name has the purpose and the process id. */
export async function withTemporaryFolder<T>(purpose: string, action: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), `castchat-${purpose}-${process.pid}-`));
  try {
    return await action(folder);
  } finally {
    // A process that has just ended may still be writing its last file.
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}
