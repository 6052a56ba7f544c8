import { isEngineGone } from "./engineAlive.ts";

/** How often the program looks for its engine. */
const LOOK_MS = 2_000;

/**
 * Ends this process once the engine that started it is gone. A killed engine ends no program: one that waits would stay, and one that fails
 * would report to the engine without end, since Pulumi's runtime reports each uncaught error there, and that fails as well.
 *
 * @param address the engine's, host:port. Nothing happens without it, as for an inline program. Pulumi's runtime sets this variable
 * (`nodeEnvKeys` in its runtime/settings)
 */
export function endWithEngine(address = process.env["PULUMI_NODEJS_ENGINE"], everyMs = LOOK_MS): void {
  if (address === undefined || address === "") return;
  const host = process.ppid;
  // Errors that follow each other without a pause leave no time for the look below.
  process.prependListener("uncaughtException", () => {
    if (process.ppid !== host) process.exit(1);
  });
  setInterval(() => {
    void isEngineGone(address).then((gone) => {
      if (gone) process.exit(1);
    });
  }, everyMs).unref();
}
