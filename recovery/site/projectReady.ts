import type { Clock } from "../../services/common/clock.ts";
import { UserError } from "../../services/common/errors.ts";
import { type Look, poll } from "../../services/common/polling.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import { realTiming, type Timing } from "../../services/common/timing.ts";
import type { DatabaseHost, DatabaseProject } from "../../services/databaseHost/databaseHost.ts";
import type { InspectDatabase } from "../postgres/catalog/databaseContent.ts";

/** States that a project does not leave by itself. */
const HOPELESS: readonly DatabaseProject["state"][] = ["paused", "pause failed", "failed", "going down"];

/** What waiting for a project takes. */
export interface ReadyPorts {
  databaseHost: DatabaseHost;
  inspect: InspectDatabase;
  clock: Clock;
  /** @default - the real one */
  timing?: Timing;
}

/** Waits until a project and the services that a recovery needs are healthy. Throws in a state that no waiting ends. */
export function untilHealthy(ports: ReadyPorts, ref: string, signal: AbortSignal, reporter: Reporter): Promise<true> {
  const { databaseHost } = ports;
  const { name, statusPage } = databaseHost;
  const look = async (): Promise<Look<true>> => {
    const project = await databaseHost.project(ref, signal);
    const status = project?.status ?? "gone";
    if (project === undefined || HOPELESS.includes(project.state))
      throw new Error(
        `${name} project ${ref} is ${status}, and waiting does not change that. Resume or delete it in ${name}'s dashboard, and run the same command again.`,
      );
    if (project.state !== "healthy") return { waitingFor: `project is ${status}` };
    const services = await databaseHost.health(ref, signal);
    const ill = services.filter((service) => !service.isHealthy);
    if (ill.length === 0 && services.length > 0) return { done: true };
    const states = ill.map((service) => `${service.name} is ${service.status}`).join(", ");
    return { waitingFor: states || "no service answers yet" };
  };
  const late = (state: string, elapsed: number) =>
    `${name} project ${ref} was not healthy after ${Math.round(elapsed / 1000)} s (${state}). Run the same command again to continue waiting, or see ${statusPage}.`;
  return wait(ports, ref, look, late, signal, reporter);
}

/** Waits until the database accepts our password. Refuses a project that was not left empty by an interrupted run of ours. */
export function untilOurs(
  ports: ReadyPorts,
  found: { project: DatabaseProject; connectionString: string; adopted: boolean },
  signal: AbortSignal,
  reporter: Reporter,
): Promise<true> {
  const { timing = realTiming } = ports;
  const host = ports.databaseHost.name;
  const { ref, name } = found.project;
  const refuse = (why: string) =>
    new UserError(
      `${host} project ${name} (${ref}) exists already and ${why}, so it is not touched. Raise the generation for a new project, or delete that one in ${host}.`,
    );
  const look = async (): Promise<Look<true>> => {
    const content = await ports.inspect(found.connectionString, signal);
    if (content.state === "empty") return { done: true };
    if (content.state === "holds data") throw refuse(`holds data (${content.what})`);
    if (content.state === "refused" && found.adopted) throw refuse("refuses the password that this stack has for it");
    const waitingFor = `its database is not open yet (${content.reason})`;
    // The pooler may not know the password yet.
    return content.state === "refused" ? { waitingFor, leastMs: timing.refusedLoginMs } : { waitingFor };
  };
  const late = (state: string) =>
    `The database of ${host} project ${ref} could not be opened: ${state}. Run the same command again to continue waiting.`;
  return wait(ports, ref, look, late, signal, reporter);
}

function wait(
  { databaseHost, clock, timing = realTiming }: ReadyPorts,
  ref: string,
  look: () => Promise<Look<true>>,
  late: (state: string, elapsedMs: number) => string,
  signal: AbortSignal,
  reporter: Reporter,
): Promise<true> {
  return poll(look, {
    patience: timing.project,
    clock,
    signal,
    progress: (state) => reporter(`waiting for ${databaseHost.name} project ${ref}: ${state}`),
    onLimit: (state, elapsed) => new Error(late(state, elapsed)),
  });
}
