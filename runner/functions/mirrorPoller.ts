import { pollMirrors } from "../../recovery/mirror/pollMirrors.ts";
import { systemClock } from "../../services/common/clock.ts";
import { UserError } from "../../services/common/errors.ts";
import { visible } from "../../services/common/visibleText.ts";
import { services } from "../../services/services.ts";
import { MIRROR_POLL_SETTINGS, MIRROR_POLL_VARIABLE } from "../../settings/mirrorPollSettings.ts";
import { NO_TOKEN } from "../../settings/runnerSettings.ts";

/** Milliseconds for a whole poll. A poll that takes longer than the interval would meet the next one. */
const LIMIT_MS = 120_000;

/**
 * The function that polls the mirrors, as AWS Lambda calls it. It reads its settings from the environment and its tokens from Secrets Manager, at
 * each call: a rotated token counts at once. A poll that could not read everything fails, so that the call ends among the failed ones.
 */
export async function handler(): Promise<void> {
  const { endpoints, ...settings } = readSettings(process.env[MIRROR_POLL_VARIABLE]);
  const places = { awsRegion: settings.region, endpoints, mirrorOwner: settings.mirrorOwner };
  const signal = AbortSignal.timeout(LIMIT_MS);
  const { ports } = services(places, await tokensOf(settings.secrets, places, signal));
  await pollMirrors(
    {
      stack: settings.stack,
      repositories: settings.repositories,
      intervalMs: settings.intervalMinutes * 60_000,
      refsOf: ports.refsOf(),
      builds: ports.mirrorBuilds(settings.project),
      clock: systemClock,
      log: (line) => void process.stdout.write(`${visible(line)}\n`),
    },
    signal,
  );
}

function readSettings(json = "{}") {
  const parsed = MIRROR_POLL_SETTINGS.safeParse(JSON.parse(json));
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new UserError(`${MIRROR_POLL_VARIABLE} is not as \`pulumi up\` sets it: ${faults.join("; ")}.`);
}

/** The tokens, by their variables. One that is not set is missing, and the poll says which. */
async function tokensOf(
  names: Readonly<Record<string, string>>,
  places: Parameters<typeof services>[0],
  signal: AbortSignal,
): Promise<Record<string, string>> {
  const variableOf = new Map(Object.entries(names).map(([variable, name]) => [name, variable]));
  const secrets = services(places, {}).ports.runnerSecrets({
    keyOf: (name) => variableOf.get(name) ?? "",
    none: NO_TOKEN,
  });
  const read = await Promise.all(
    [...variableOf].map(
      async ([name, variable]) => [variable, (await secrets.read(name, signal))?.token ?? ""] as const,
    ),
  );
  return Object.fromEntries(read);
}
