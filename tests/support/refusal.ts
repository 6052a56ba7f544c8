import { expect } from "@jest/globals";

import { messageOf } from "../../services/common/errors.ts";

/** The message of what `work` throws. */
export async function refusalOf(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    return messageOf(error);
  }
  throw new Error("It did not refuse.");
}

/** Expects that `work` is refused with an error of a kind and with a message. */
export async function expectRefusal(
  work: Promise<unknown> | (() => unknown),
  kind: new (...details: never[]) => Error,
  message: string | RegExp,
): Promise<void> {
  const refused = typeof work === "function" ? Promise.resolve().then(work) : work;
  await expect(refused).rejects.toThrow(message);
  await expect(refused).rejects.toBeInstanceOf(kind);
}
