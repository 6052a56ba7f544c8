import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";

import { SECRET_SETTINGS } from "./schema.ts";
import { parseSettings, type Settings, SettingsError } from "./settings.ts";

/**
 * Reads the settings of the running stack from its Pulumi configuration.
 *
 * @throws {pulumi.RunError} naming every fault; the engine prints it without a stack trace
 */
export function loadSettings(): Settings {
  const project = pulumi.getProject();
  const namespace = `${project}:`;
  const raw = Object.entries(pulumi.runtime.allConfig())
    .filter(([key]) => key.startsWith(namespace))
    .map(([key, value]) => [key.slice(namespace.length), value] as const);
  refusePlainSecrets(raw, pulumi.getStack());
  try {
    return parseSettings(Object.fromEntries(raw), pulumi.getStack(), project);
  } catch (error) {
    throw error instanceof SettingsError ? new pulumi.RunError(error.message) : error;
  }
}

/** The engine's list of the encrypted settings, by full key. An inline program has none. */
const ENCRYPTED = "PULUMI_CONFIG_SECRET_KEYS";

/** Refuses a secret that stands in a stack's file in clear, where version control would keep it. */
function refusePlainSecrets(raw: readonly (readonly [key: string, value: string])[], stack: string): void {
  const list = process.env[ENCRYPTED];
  if (list === undefined) return;
  const encrypted = z.array(z.string()).parse(JSON.parse(list));
  const plain = raw.filter(
    ([key, value]) => SECRET_SETTINGS.has(key) && value !== "" && !encrypted.some((one) => one.endsWith(`:${key}`)),
  );
  if (plain.length === 0) return;
  const commands = plain.map(([key]) => `\`pulumi config set --secret ${key} -s ${stack}\``);
  throw new pulumi.RunError(
    `${plain.map(([key]) => key).join(" and ")} stands in Pulumi.${stack}.yaml in clear. Run ${commands.join(" and ")}. If the file is in version control, change the database's password.`,
  );
}
