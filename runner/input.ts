import { trusting } from "../recovery/postgres/session/databaseUrl.ts";
import { UserError } from "../services/common/errors.ts";
import { type Ports, services } from "../services/services.ts";
import {
  NO_TOKEN,
  RUNNER_DATABASE_SECRET,
  RUNNER_SETTINGS,
  RUNNER_SETTINGS_VARIABLE,
  type RunnerSettings,
  type RunnerToken,
} from "../settings/runnerSettings.ts";

/** What a run works with. */
export interface RunnerInput {
  settings: RunnerSettings;
  /** Secret. */
  databaseUrl: string;
  /** The stack's services, with the environment's credentials. */
  ports: Ports;
  /** The tokens that the run lacks. */
  lacks: readonly RunnerToken[];
}

/** Reads a run's settings and secrets from environment variables. An empty one counts as not set. UserError with every fault, without a secret. */
export function readInput(environment: NodeJS.ProcessEnv): RunnerInput {
  const valueOf = (name: string) => (environment[name] === "" ? undefined : environment[name]);
  const faults: string[] = [];
  const settings = readSettings(valueOf(RUNNER_SETTINGS_VARIABLE), faults);
  const databaseUrl = valueOf(RUNNER_DATABASE_SECRET);
  if (databaseUrl === undefined)
    faults.push(`${RUNNER_DATABASE_SECRET} is not set. Set it to the connection string of the database to back up`);
  if (settings === undefined || databaseUrl === undefined)
    throw new UserError(`The run can't start: ${faults.join("; ")}.`);
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== NO_TOKEN));
  const { ports, lacks } = services({ ...settings, awsRegion: settings.region }, set);
  return {
    settings,
    databaseUrl: trusting(databaseUrl, settings.rootCertificates),
    ports,
    lacks: lacks.map((one) => one.variable),
  };
}

function readSettings(json: string | undefined, faults: string[]): RunnerSettings | undefined {
  if (json === undefined) {
    faults.push(`${RUNNER_SETTINGS_VARIABLE} is not set. Set it to the stack's output runnerSettings, as JSON`);
    return undefined;
  }
  const parsed = RUNNER_SETTINGS.safeParse(parseJson(json));
  if (parsed.success) return parsed.data;
  for (const { path, message } of parsed.error.issues)
    faults.push([RUNNER_SETTINGS_VARIABLE, ...path].join(".") + `: ${message}`);
  return undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
