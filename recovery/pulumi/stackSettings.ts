import { UserError } from "../../services/common/errors.ts";
import { parseSettings, type Settings, SettingsError } from "../../settings/settings.ts";

/** The settings in a stack's configuration, which is given by full key. Throws UserError naming every fault. */
export function settingsIn(config: Readonly<Record<string, string>>, stack: string): Settings {
  const namespace = "castchat-recovery:";
  const own = Object.entries(config).filter(([key]) => key.startsWith(namespace));
  try {
    return parseSettings(Object.fromEntries(own.map(([key, value]) => [key.slice(namespace.length), value])), stack);
  } catch (error) {
    throw error instanceof SettingsError ? new UserError(error.message) : error;
  }
}
