import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";

import { messageOf, UserError } from "../../../services/common/errors.ts";
import { writeWhole } from "../host/writeWhole.ts";

/** An emulator's state: a plain object that `save` writes to disk as one JSON file. */
export interface Store<T extends object> {
  readonly state: T;
  /** Writes the whole state. A crash leaves either the old file or the new one, never half of it. */
  readonly save: () => void;
}

/**
 * Opens an emulator's state.
 * @param file its place; only its owner can read it, because it may hold values of environment variables
 * @param empty the initial state; also completes an older file
 * @throws UserError when the file exists and can't be read
 */
export function openStore<T extends object>(file: string, empty: T): Store<T> {
  const state = { ...empty, ...read<T>(file) };
  return {
    state,
    save: () => {
      mkdirSync(dirname(file), { recursive: true });
      writeWhole(file, JSON.stringify(state, null, 1));
    },
  };
}

function read<T>(file: string): Partial<T> {
  if (!existsSync(file)) return {};
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (thrown) {
    throw new UserError(`The sandbox can't read ${file}: ${messageOf(thrown)}.`);
  }
  try {
    return JSON.parse(text) as Partial<T>;
  } catch {
    throw new UserError(`The sandbox's file ${file} is damaged. Run \`castchat-recovery sandbox reset\`.`);
  }
}
