import type { SettingValues } from "./schema.ts";

/** A broken rule between settings. `keys` are its settings, beginning with the one to change. */
export interface SettingFault {
  readonly keys: readonly [keyof SettingValues, ...(keyof SettingValues)[]];
  /** What is wrong and what to do, to follow the first key's name. */
  readonly sentence: string;
}

/** A broken rule between settings. */
export function fault(keys: SettingFault["keys"], sentence: string): SettingFault {
  return { keys, sentence };
}
