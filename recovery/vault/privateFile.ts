import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A file that no other user can open, for plain data that must pass through the disk. */
export interface PrivateFile {
  handle: FileHandle;
  /** The path for a child process that was given `handle.fd` as its n-th open file. */
  pathFor(fd: number): string;
  /** Closes and deletes it. */
  remove(): Promise<void>;
}

/**
 * Creates a private file. On Linux it is unlinked at once, so that not even `kill -9` leaves it behind; a child opens it by /proc/self/fd.
 * On other systems it lies in a folder of mode 0700 until it is removed.
 */
export async function openPrivateFile(): Promise<PrivateFile> {
  const folder = await mkdtemp(join(tmpdir(), "castchat-recovery-"));
  const path = join(folder, "content");
  const nameless = process.platform === "linux";
  const removeName = () => rm(folder, { recursive: true, force: true });
  try {
    const handle = await open(path, "wx+", 0o600);
    if (nameless) await removeName();
    return {
      handle,
      pathFor: (fd) => (nameless ? `/proc/self/fd/${fd}` : path),
      async remove() {
        await handle.close();
        await removeName();
      },
    };
  } catch (error) {
    await removeName();
    throw error;
  }
}
