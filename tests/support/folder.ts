import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";

import { PROJECT_ROOT } from "../../lab/sandbox/host/layout.ts";

/** Creates an empty folder `.sandbox/tests-…`. It is in the project, so that deployed apps find its packages. */
export async function makeTestFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  await mkdir(join(PROJECT_ROOT, ".sandbox"), { recursive: true });
  const path = await mkdtemp(join(PROJECT_ROOT, ".sandbox", "tests-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
