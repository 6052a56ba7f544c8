import { createHash } from "node:crypto";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

/** The runner as one file. */
export interface RunnerBundle {
  /** Absolute path. */
  readonly path: string;
  /** SHA-256 of its bytes, hexadecimal. The same sources and packages give the same bytes on every machine. */
  readonly sha256: string;
}

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
/** The oldest Node that the runner works on: zstd came with 22.15. */
const TARGET = "node22.15";

/** Packages of CommonJS ask for Node's own modules by `require`, which an ES module doesn't have by itself. */
const BANNER =
  'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);';

/** The runner with everything that it imports, as one ES module in UTF-8. */
export function bundledRunner(): Uint8Array {
  const { outputFiles } = buildSync({
    entryPoints: ["runner/main.ts"],
    absWorkingDir: PROJECT,
    bundle: true,
    platform: "node",
    format: "esm",
    target: TARGET,
    // Names stay, so that the log of a failed run can be read.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: "none",
    // An optional binding of pg that this project doesn't have.
    external: ["pg-native"],
    banner: { js: BANNER },
    write: false,
    logLevel: "silent",
  });
  const [bundle] = outputFiles;
  if (bundle === undefined) throw new Error("esbuild gave no bundle of the runner");
  return bundle.contents;
}

/**
 * Bundles the runner into a file, `runner.mjs`; `pulumi up` uploads it from there. Several programs may do so at once: a reader
 * never sees half a file.
 */
export function bundleRunner(folder: string = join(PROJECT, ".build")): RunnerBundle {
  const bytes = bundledRunner();
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "runner.mjs");
  const fresh = `${path}.${process.pid}`;
  writeFileSync(fresh, bytes);
  renameSync(fresh, path);
  return { path, sha256: createHash("sha256").update(bytes).digest("hex") };
}
