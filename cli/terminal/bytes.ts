import { UserError } from "../../services/common/errors.ts";

/**
 * Writes bytes to stdout, and returns when they are written.
 *
 * @param what what they are, for the refusal to write them to a terminal
 */
export async function writeBytes(bytes: Buffer, what: string, file: string): Promise<void> {
  if (process.stdout.isTTY) throw new UserError(`${what} is no text: add \`> ${file}\` to the command.`);
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}
