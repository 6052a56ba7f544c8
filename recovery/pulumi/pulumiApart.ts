import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { execa } from "execa";
import { parse, stringify } from "yaml";
import { z } from "zod";

import { messageOf, UserError } from "../../services/common/errors.ts";
import { pulumiClient } from "./pulumi.ts";
import type { Registration } from "./pulumiResources.ts";

/** A stack whose program is to be looked at. */
export interface ApartOptions {
  stack: string;
  /** The folder of Pulumi.yaml and the stack's file. */
  workspace: string;
  signal?: AbortSignal;
}

const projectFile = z.looseObject({
  name: z.string(),
  main: z.string().default("."),
  plugins: z.looseObject({ providers: z.array(z.looseObject({ name: z.string(), path: z.string() })) }).optional(),
});
const stackFile = z.looseObject({ config: z.record(z.string(), z.unknown()).default({}) });

/** Keys of a stack file that belong to its own secrets; the preview has others. */
const OWN_TO_THE_STACK = ["encryptionsalt", "encryptedkey", "secretsprovider"];
/** Public providers of the program; the stand-in takes their place. */
const STOOD_IN_FOR = ["aws", "cloudflare", "github", "vercel"];
const STAND_IN = fileURLToPath(new URL("./pulumiStandIn.ts", import.meta.url));

/** A preview asks no service anything; these only keep programs and plugins from asking for credentials. */
const PLACEHOLDERS = {
  AWS_ACCESS_KEY_ID: "preview",
  AWS_SECRET_ACCESS_KEY: "preview",
  VERCEL_API_TOKEN: "preview-preview-preview-1",
  GITHUB_TOKEN: "preview",
  CLOUDFLARE_API_TOKEN: "preview-preview-preview-preview-preview1",
  SUPABASE_ACCESS_TOKEN: "preview",
};

/**
 * Previews a stack as if it were new, on the real engine but apart: a copy of its settings, a state of its own that is thrown
 * away, and stand-ins for the public providers. So it needs no account, no backend, no passphrase and no lock, and it can't
 * change anything.
 *
 * @throws UserError where a file is missing or the program refuses its settings
 */
export async function previewApart(options: ApartOptions): Promise<Registration> {
  const folder = await mkdtemp(join(tmpdir(), "castchat-plan-"));
  try {
    await copyWorkspace(options, folder);
    const environment = await prepareEnvironment(folder);
    await initStack(options, folder, environment);
    return await pulumiClient({ ...options, workspace: folder, environment }).registered();
  } finally {
    // The engine may still be writing its last file.
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

async function copyWorkspace({ workspace, stack }: ApartOptions, folder: string): Promise<void> {
  const project = await readYaml(join(workspace, "Pulumi.yaml"), projectFile);
  const settings = await readYaml(join(workspace, `Pulumi.${stack}.yaml`), stackFile);
  const absolute = (path: string) => (isAbsolute(path) ? path : resolve(workspace, path));
  const providers = project.plugins?.providers.map((one) => ({ ...one, path: absolute(one.path) }));
  const copy = {
    ...project,
    main: absolute(project.main),
    ...(providers && { plugins: { ...project.plugins, providers } }),
  };
  const kept = Object.entries(settings).filter(([key]) => !OWN_TO_THE_STACK.includes(key));
  await writeFile(join(folder, "Pulumi.yaml"), stringify(copy));
  await writeFile(join(folder, `Pulumi.${stack}.yaml`), stringify(Object.fromEntries(kept)));
}

async function prepareEnvironment(folder: string): Promise<Record<string, string>> {
  const bin = join(folder, "bin");
  const state = join(folder, "state");
  await Promise.all([mkdir(bin), mkdir(state)]);
  for (const name of STOOD_IN_FOR) {
    const starter = join(bin, `pulumi-resource-${name}`);
    await writeFile(starter, `#!/bin/sh\nexec "${process.execPath}" "${STAND_IN}" "$@"\n`);
    await chmod(starter, 0o755);
  }
  return {
    ...PLACEHOLDERS,
    PATH: [bin, process.env["PATH"] ?? ""].join(delimiter),
    PULUMI_BACKEND_URL: pathToFileURL(state).href,
    PULUMI_CONFIG_PASSPHRASE: "preview",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // The language host leaves a compiler's cache behind.
    TMPDIR: folder,
  };
}

async function initStack(
  { stack, signal }: ApartOptions,
  folder: string,
  environment: Record<string, string>,
): Promise<void> {
  try {
    await execa("pulumi", ["stack", "init", stack, "--non-interactive"], {
      cwd: folder,
      env: { ...environment, NO_COLOR: "1" },
      stdin: "ignore",
      ...(signal && { cancelSignal: signal }),
    });
  } catch (error) {
    if (signal?.aborted === true) throw new DOMException("interrupted", "AbortError");
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      throw new UserError("The Pulumi command is not on PATH: run `make setup`, or install Pulumi.");
    }
    throw new Error(`A stack for the preview could not be made: ${messageOf(error)}`, { cause: error });
  }
}

async function readYaml<T>(file: string, schema: z.ZodType<T>): Promise<T> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    throw new UserError(
      `There is no ${file}: run the command in the Pulumi project's folder and name one of its stacks.`,
    );
  }
  const parsed = schema.safeParse(parse(text));
  if (!parsed.success) throw new UserError(`${file} is no Pulumi file: ${messageOf(parsed.error)}`);
  return parsed.data;
}
