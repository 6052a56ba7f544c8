import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const STARTER = fileURLToPath(new URL("../plugins/support/startMinistack.ts", import.meta.url));

/** Starts ministack under a folder in a process group of its own, with this root key. The caller ends it. */
export async function startMinistackProcess(folder: string, rootKey: string): Promise<{ pid: number; port: number }> {
  const { stdout } = await promisify(execFile)(process.execPath, [STARTER, folder, rootKey]);
  return JSON.parse(stdout) as { pid: number; port: number };
}
