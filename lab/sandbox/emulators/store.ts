import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import { messageOf, UserError } from "../../../services/common/errors.ts";

/** An emulator's memory: a plain object that `save` puts on disk as one JSON file. */
export interface Store<T extends object> {
  readonly state: T;
  /** Writes the whole state; a crash leaves either the old file or the new one, never half of one. */
  readonly save: () => void;
}

/**
 * Opens an emulator's memory.
 * @param file where it is kept; only its owner can read it, as it may hold values of environment variables
 * @param empty what a first start begins with; also fills keys that an older file lacks
 * @throws UserError when the file is there and can't be read
 */
export function openStore<T extends object>(file: string, empty: T): Store<T> {
  const state = { ...empty, ...read<T>(file) };
  return {
    state,
    save: () => {
      mkdirSync(dirname(file), { recursive: true });
      const written = `${file}.new`;
      writeFileSync(written, JSON.stringify(state, null, 1), { mode: 0o600 });
      renameSync(written, file);
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
    throw new UserError(`The sandbox's file ${file} is damaged: run \`castchat-recovery sandbox reset\`.`);
  }
}
