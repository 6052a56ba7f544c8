import { mkdir, readFile, writeFile } from "node:fs/promises";
import { isAbsolute, join, resolve } from "node:path";

import { parse, stringify } from "yaml";
import { z } from "zod";

import { SetupFault } from "./engine.ts";

const projectFile = z.looseObject({
  name: z.string(),
  main: z.string(),
  plugins: z.looseObject({ providers: z.array(z.looseObject({ name: z.string(), path: z.string() })) }).optional(),
});
const stackFile = z.looseObject({ config: z.record(z.string(), z.unknown()) });

/** Keys of a stack file that belong to its own secrets and state; the preview has others. */
const OWN_TO_THE_STACK = ["encryptionsalt", "encryptedkey", "secretsprovider"];

/** A workspace to preview in. */
export interface PreviewWorkspace {
  readonly folder: string;
  /** Name of the Pulumi project. */
  readonly project: string;
  /** The program's entry. */
  readonly main: string;
}

/**
 * Copies the project and a stack's settings into a folder, so that a preview of a new stack of that name leaves the shipped files
 * as they are (the engine writes the stack's salt into its file).
 *
 * @throws {SetupFault} when a file is missing or unreadable
 */
export async function copyWorkspace(root: string, stack: string, folder: string): Promise<PreviewWorkspace> {
  await mkdir(folder, { recursive: true });
  const project = await readYaml(join(root, "Pulumi.yaml"), projectFile);
  const settings = await readYaml(join(root, `Pulumi.${stack}.yaml`), stackFile);
  const main = resolve(root, project.main);
  const providers = project.plugins?.providers.map((one) => ({ ...one, path: absolute(root, one.path) }));
  const copy = { ...project, main, ...(providers && { plugins: { ...project.plugins, providers } }) };
  const kept = Object.entries(settings).filter(([key]) => !OWN_TO_THE_STACK.includes(key));
  await writeFile(join(folder, "Pulumi.yaml"), stringify(copy));
  await writeFile(join(folder, `Pulumi.${stack}.yaml`), stringify(Object.fromEntries(kept)));
  return { folder, project: project.name, main };
}

function absolute(root: string, path: string): string {
  return isAbsolute(path) ? path : resolve(root, path);
}

async function readYaml<T>(file: string, schema: z.ZodType<T>): Promise<T> {
  try {
    return schema.parse(parse(await readFile(file, "utf8")));
  } catch (error) {
    throw new SetupFault(
      `${file} can't be read as a Pulumi file: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
