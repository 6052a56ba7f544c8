import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";

import { SECRET_SETTINGS } from "./schema.ts";
import { parseSettings, type RawSettings, type Settings, SettingsError } from "./settings.ts";

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
  const settings = Object.fromEntries(raw);
  try {
    return parseSettings(settings, pulumi.getStack(), { project, plain: plainSecrets(settings) });
  } catch (error) {
    throw error instanceof SettingsError ? new pulumi.RunError(error.message) : error;
  }
}

/** The engine's list of the encrypted settings, by full key. An inline program has none. */
const ENCRYPTED = "PULUMI_CONFIG_SECRET_KEYS";

/** The secret settings that stand in the stack's file in clear, where version control would keep them. */
function plainSecrets(raw: RawSettings): string[] {
  const list = process.env[ENCRYPTED];
  if (list === undefined) return [];
  const encrypted = z.array(z.string()).parse(JSON.parse(list));
  return Object.entries(raw)
    .filter(([key, value]) => SECRET_SETTINGS.has(key) && value !== "" && value !== SECRET_SETTINGS.get(key)?.standIn)
    .map(([key]) => key)
    .filter((key) => !encrypted.some((one) => one.endsWith(`:${key}`)));
}
