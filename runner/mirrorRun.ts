import { mirrorAll } from "../recovery/mirror/mirrorAll.ts";
import { mirrorNamed } from "../recovery/mirror/mirrorNamed.ts";
import { mirrorLines, mirrorsFailure } from "../recovery/mirror/mirrorText.ts";
import { systemClock } from "../services/common/clock.ts";
import { messageOf, PromiseError, UserError } from "../services/common/errors.ts";
import { visible } from "../services/common/visibleText.ts";
import { MIRROR_JOB_VARIABLE, mirrorJobIn } from "../services/scheduler/mirrorBuilds.ts";
import { services } from "../services/services.ts";
import { MIRROR_RUN_SETTINGS, MIRROR_RUN_VARIABLE } from "../settings/mirrorRunSettings.ts";
import { fold, mirrorOwnerOf } from "../settings/repositories.ts";
import { NO_TOKEN } from "../settings/runnerSettings.ts";
import { mirrorsOf } from "./stackMirrors.ts";

/**
 * One mirror build, as a program of its own: `node mirrorRun.mjs`. It needs Node and git, and reads everything from environment variables. Exit
 * codes are those of `castchat-recovery mirror`: 0 all current, 1 something is held back, refused or failed, 2 wrong set-up, 130 interrupted.
 */
async function main(environment: NodeJS.ProcessEnv): Promise<void> {
  const controller = new AbortController();
  const stop = () => controller.abort(new DOMException("interrupted", "AbortError"));
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  const settings = readSettings(environment[MIRROR_RUN_VARIABLE]);
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== NO_TOKEN));
  const places = { ...settings, awsRegion: settings.region, mirrorOwner: mirrorOwnerOf(settings) };
  const { ports } = services(places, set);
  const asked = readJob(environment[MIRROR_JOB_VARIABLE]);
  const run = { git: ports.git(), clock: systemClock };
  const jobs = mirrorsOf(settings, ports)
    // A repository that has left the settings since the build was asked for is no longer mirrored.
    .filter(({ repository }) => asked === undefined || asked.has(fold(repository)))
    .map((pair) => {
      const { repository, mirror } = pair;
      const reporter = (message: string) => say(`${mirror.fullName}: ${message}`);
      const once = (signal: AbortSignal) => mirrorNamed({ ...run, reporter, signal }, pair);
      return { repository, mirror: mirror.fullName, run: once };
    });
  const outcomes = await mirrorAll(jobs, controller.signal);
  const accept = (repository: string) => `castchat-recovery mirror accept ${repository} -s ${settings.stack}`;
  for (const line of mirrorLines(outcomes, accept)) say(line);
  const failure = mirrorsFailure(outcomes);
  if (failure !== undefined) throw new PromiseError(failure);
}

function readSettings(json = "{}") {
  const parsed = MIRROR_RUN_SETTINGS.safeParse(parsedJson(MIRROR_RUN_VARIABLE, json));
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new UserError(`${MIRROR_RUN_VARIABLE} is not as \`pulumi up\` sets it: ${faults.join("; ")}.`);
}

/** The repositories that the build was asked for, without their case; undefined for all. */
function readJob(json = ""): ReadonlySet<string> | undefined {
  return json === "" ? undefined : new Set(Object.keys(parsedJson(MIRROR_JOB_VARIABLE, json, mirrorJobIn)).map(fold));
}

function parsedJson<T = unknown>(variable: string, json: string, parse: (text: string) => T = JSON.parse): T {
  try {
    return parse(json);
  } catch (error) {
    throw new UserError(`${variable} cannot be read: ${messageOf(error)}.`);
  }
}

/** One line of the run's log. */
function say(message: string): void {
  process.stdout.write(`${systemClock().toISOString()} ${visible(message)}\n`);
}

try {
  await main(process.env);
} catch (error) {
  const interrupted = error instanceof Error && error.name === "AbortError";
  say(interrupted ? "Interrupted: the next run continues where this one stopped" : `Failed: ${messageOf(error)}`);
  process.exitCode = interrupted ? 130 : error instanceof UserError ? 2 : 1;
}
