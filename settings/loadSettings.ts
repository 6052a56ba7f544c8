import * as pulumi from "@pulumi/pulumi";

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
  try {
    return parseSettings(Object.fromEntries(raw), pulumi.getStack(), project);
  } catch (error) {
    throw error instanceof SettingsError ? new pulumi.RunError(error.message) : error;
  }
}
