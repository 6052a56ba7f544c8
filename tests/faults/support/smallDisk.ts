import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";

/** A file system of a small size. */
export interface SmallDisk {
  path: string;
  /** Sizes as mount takes them: "24m". */
  grow(to: string): void;
  remove(): void;
}

/** Mounts one, that any user may enter; undefined where this machine doesn't let us. */
export function smallDisk(size: string): SmallDisk | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return undefined;
  // Not in TMPDIR, which may be closed to all but its owner: the server's user must get there.
  const path = mkdtempSync("/tmp/castchat-small-disk-");
  const mount = (...args: string[]) => execFileSync("mount", args, { stdio: "ignore" });
  try {
    mount("-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path);
  } catch {
    // Not allowed here (a container without the right).
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
