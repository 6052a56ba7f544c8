import { UserError } from "../../services/common/errors.ts";

/**
 * Loads a part of `lab/`, whose packages are devDependencies. UserError if they are not installed, as after
 * `npm install --omit=dev`.
 */
export async function loadLab<T>(load: () => Promise<T>): Promise<T> {
  try {
    // The daemon, which only runs in a process of its own, needs this one.
    import.meta.resolve("hono");
    return await load();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new UserError(
      "The sandbox and the drills need packages that are not installed: this is an installation without development packages. Run `make setup`.",
      { cause: error },
    );
  }
}
