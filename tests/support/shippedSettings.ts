import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { parse, stringify } from "yaml";

/** Rewrites a YAML file. */
export async function changeYaml(
  file: string,
  change: (content: Record<string, unknown>) => Record<string, unknown>,
): Promise<void> {
  await writeFile(file, stringify(change(parse(await readFile(file, "utf8")) as Record<string, unknown>)));
}

/** Changes settings in a copy of a stack's file. */
export async function changeSettings(
  folder: string,
  stack: string,
  settings: Readonly<Record<string, unknown>>,
): Promise<void> {
  const own = Object.entries(settings).map(([key, value]) => [`castchat-recovery:${key}`, value]);
  await changeYaml(join(folder, `Pulumi.${stack}.yaml`), ({ config, ...rest }) => ({
    ...rest,
    config: { ...(config as object), ...Object.fromEntries(own) },
  }));
}
