import { lineOf } from "../../../../provider/host/index.ts";

/** The services' names for the error that something does not exist. */
const GONE = new Set([
  "NotFound",
  "NoSuchBucket",
  "NoSuchEntity",
  "NoSuchEntityException",
  "NotFoundException",
  "ResourceNotFoundException",
]);

/** Whether an error means that the resource does not exist; `more` are names for a part of it. */
function isGone(thrown: unknown, more: readonly string[] = []): boolean {
  return thrown instanceof Error && (GONE.has(thrown.name) || more.includes(thrown.name));
}

/** The answer, or undefined if the resource does not exist. */
export async function orGone<T>(answer: Promise<T>, more: readonly string[] = []): Promise<T | undefined> {
  try {
    return await answer;
  } catch (thrown) {
    if (isGone(thrown, more)) return undefined;
    throw thrown;
  }
}

/** Runs the later steps of a create. When one fails, undoes what was created, so that the next `up` is not blocked by it. */
export async function orUndo(steps: () => Promise<unknown>, undo: () => Promise<unknown>): Promise<void> {
  try {
    await steps();
  } catch (thrown) {
    await undo();
    throw thrown;
  }
}

/** Adds the failed operation to an error, as the official provider does: `creating S3 Bucket (name): AccessDenied: …`. */
export async function explained<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof Error) || thrown.name === "AbortError") throw thrown;
    const name = thrown.name === "Error" || thrown.name === "UserError" ? "" : `${thrown.name}: `;
    throw new Error(`${doing}: ${name}${lineOf(thrown)}`, { cause: thrown });
  }
}
