import { randomBytes } from "node:crypto";
import { link, rename, rm, writeFile } from "node:fs/promises";

import { UserError } from "../../services/common/errors.ts";

/** A file to write. */
export interface NewFile {
  readonly file: string;
  readonly text: string;
}

/**
 * Writes files whole, and all of them or none. After a crash in between, each is whole: as before or as now.
 *
 * @throws UserError if one cannot be written; then every file is as it was
 */
export async function writeTogether(files: readonly NewFile[]): Promise<void> {
  const end = randomBytes(4).toString("hex");
  const [made, old] = [(file: string) => `${file}.${end}.new`, (file: string) => `${file}.${end}.old`];
  const done: string[] = [];
  const left: string[] = [];
  try {
    for (const { file, text } of files) {
      await writeFile(made(file), text, { flag: "wx" });
      left.push(made(file));
    }
    for (const { file } of files) if (await keep(file, old(file))) left.push(old(file));
    for (const { file } of files) {
      await rename(made(file), file);
      done.push(file);
    }
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    for (const file of done) await putBack(file, old(file));
    if (code === undefined) throw error;
    throw new UserError(`${path ?? "A file"} can't be written (${code}): nothing was changed.`, { cause: error });
  } finally {
    for (const file of left) await rm(file, { force: true });
  }
}

/** Gives a file a second name. False for a missing file. */
async function keep(file: string, name: string): Promise<boolean> {
  try {
    await link(file, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return false;
  }
}

async function putBack(file: string, name: string): Promise<void> {
  try {
    await rename(name, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    // It was not there before.
    await rm(file, { force: true });
  }
}
