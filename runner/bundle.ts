import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { type BuildOptions, buildSync, version } from "esbuild";
import { z } from "zod";

/** A program as one file. */
export interface Bundle {
  /** Absolute path. */
  readonly path: string;
  /** SHA-256 of its bytes, hexadecimal. The same sources and packages give the same bytes on every machine. */
  readonly sha256: string;
}

const PROJECT = fileURLToPath(new URL("..", import.meta.url));

/** The programs that AWS runs, by the names of their files. */
const ENTRIES = {
  runner: "runner/main.ts",
  mirrorRun: "runner/mirrorRun.ts",
  mirrorPoller: "runner/functions/mirrorPoller.ts",
} as const;

const OPTIONS = {
  absWorkingDir: PROJECT,
  bundle: true,
  platform: "node",
  format: "esm",
  // The oldest Node that has zstd.
  target: "node22.15",
  // Names stay, so that the log of a failed run can be read.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: "none",
  // An optional binding of pg that this project doesn't have.
  external: ["pg-native"],
  // Packages of CommonJS load Node's own modules by `require`, which an ES module lacks.
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
  write: false,
  metafile: true,
  logLevel: "silent",
} as const satisfies BuildOptions;

/** What a bundle was made of. */
const recordSchema = z.object({ sources: z.array(z.string()), digest: z.string(), sha256: z.string() });

/**
 * Bundles a program with everything that it imports into one ES module, `NAME.mjs`, from which `pulumi up` uploads it. Every run of the
 * program calls this, so a bundle of the same sources is kept. Several programs may do so at once: a reader never sees half a file.
 */
export function bundle(name: keyof typeof ENTRIES, folder: string = join(PROJECT, ".build")): Bundle {
  const path = join(folder, `${name}.mjs`);
  const record = join(folder, `${name}.json`);
  const entry = ENTRIES[name];
  const made = recordIn(record);
  if (made !== undefined && made.digest === digestOf(entry, made.sources) && made.sha256 === sha256Of(path))
    return { path, sha256: made.sha256 };
  const { outputFiles, metafile } = buildSync({
    ...OPTIONS,
    external: [...OPTIONS.external],
    entryPoints: [entry],
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error(`esbuild gave no bundle of ${entry}`);
  const sources = Object.keys(metafile.inputs).sort();
  const sha256 = createHash("sha256").update(file.contents).digest("hex");
  mkdirSync(folder, { recursive: true });
  replace(path, file.contents);
  replace(record, JSON.stringify({ sources, digest: digestOf(entry, sources), sha256 }));
  return { path, sha256 };
}

function replace(path: string, content: string | Uint8Array): void {
  const fresh = `${path}.${process.pid}`;
  writeFileSync(fresh, content);
  renameSync(fresh, path);
}

function recordIn(file: string): z.infer<typeof recordSchema> | undefined {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return undefined; // none yet, or unreadable: the bundle is made again
  }
}

/** A hash of esbuild's options, the sources and the list of packages. Undefined if a source is gone. */
function digestOf(entry: string, sources: readonly string[]): string | undefined {
  const hash = createHash("sha256").update(JSON.stringify([version, entry, { ...OPTIONS, absWorkingDir: "" }]));
  for (const source of [...sources, "package-lock.json"]) {
    const content = sha256Of(join(PROJECT, source));
    if (content === undefined) return undefined;
    hash.update(`${source} ${content}\n`);
  }
  return hash.digest("hex");
}

function sha256Of(path: string): string | undefined {
  try {
    return createHash("sha256").update(readFileSync(path)).digest("hex");
  } catch {
    return undefined;
  }
}
