import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";

/** A file system of a small size. */
export interface SmallDisk {
  path: string;
  /** Sizes as mount takes them: "24m". */
  grow(to: string): void;
  remove(): void;
}

/** Mounts a small disk that any user may enter. Undefined if this machine doesn't permit it. */
export function smallDisk(size: string): SmallDisk | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return undefined;
  // Not in TMPDIR, which may be closed to the server's user.
  const path = mkdtempSync("/tmp/castchat-small-disk-");
  const mount = (...args: string[]) => execFileSync("mount", args, { stdio: "ignore" });
  try {
    mount("-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path);
  } catch {
    // A container without the right to mount.
    rmSync(path, { recursive: true });
    return undefined;
  }
  return {
    path,
    grow: (to) => void mount("-o", `remount,size=${to}`, path),
    remove() {
      execFileSync("umount", ["-l", path]);
      rmSync(path, { recursive: true });
    },
  };
}
