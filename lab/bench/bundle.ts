import { join } from "node:path";

import { build } from "esbuild";

import { PROJECT_ROOT } from "../sandbox/host/layout.ts";

/** Bundles work.ts and its imports into one file, as the scheduled runner is bundled. Both sides run from it. */
export async function bundleWork(folder: string): Promise<string> {
  const outfile = join(folder, "work.mjs");
  await build({
    entryPoints: [join(PROJECT_ROOT, "lab", "bench", "work.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node22",
    // CommonJS packages load Node's own modules with `require`.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    external: ["pg-native"],
    logLevel: "error",
  });
  return outfile;
}
