import { UserError } from "../../services/common/errors.ts";

/** Writes to the file that an option names. UserError where that can't be done. */
export async function toNamedFile(file: string, write: (file: string) => Promise<void>): Promise<void> {
  try {
    await write(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new UserError(`${file} can't be written (${code}): name another file.`, { cause: error });
  }
}
