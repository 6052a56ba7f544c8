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
