import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { messageOf, UserError } from "./errors.ts";

/** Turns a failure to use the folder for temporary files into a UserError. */
export function refuseTemporary(temporary: string): (error: unknown) => never {
  return (error) => {
    const { code } = error as NodeJS.ErrnoException;
    throw new UserError(
      `The folder for temporary files, ${temporary}, cannot be used (${code ?? messageOf(error)}). Set TMPDIR to one with room for them.`,
      { cause: error },
    );
  };
}

/** Runs an action with a private temporary folder, and removes it, also after a failure. Its name has the purpose and the process id. */
export async function withTemporaryFolder<T>(purpose: string, action: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), `castchat-${purpose}-${process.pid}-`)).catch(refuseTemporary(tmpdir()));
  try {
    return await action(folder);
  } finally {
    // A process that has just ended may still be writing its last file.
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}
