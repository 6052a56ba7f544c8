import type { Clock } from "../../services/common/clock.ts";
import { UserError } from "../../services/common/errors.ts";
import { type Look, poll } from "../../services/common/polling.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import { realTiming, type Timing } from "../../services/common/timing.ts";
import type { DatabaseHost, DatabaseProject } from "../../services/databaseHost/databaseHost.ts";
import type { InspectDatabase } from "../postgres/catalog/databaseContent.ts";

/** States that a project does not leave by itself. */
const HOPELESS: ReadonlySet<DatabaseProject["state"]> = new Set([
  "paused",
  "pause failed",
  "failed",
  "going down",
] as const);

/** What a project is waited for with. */
interface ReadyPorts {
  databaseHost: DatabaseHost;
  inspect: InspectDatabase;
  clock: Clock;
  timing?: Timing;
}

/** Waits until a project and the services that a recovery needs are healthy. Throws in a state that no waiting ends. */
export function untilHealthy(ports: ReadyPorts, ref: string, signal: AbortSignal, reporter: Reporter): Promise<true> {
  const { databaseHost } = ports;
  const look = async (): Promise<Look<true>> => {
    const project = await databaseHost.project(ref, signal);
    const status = project?.status ?? "gone";
    if (project === undefined || HOPELESS.has(project.state))
      throw new Error(
        `${databaseHost.name} project ${ref} is ${status}: look at it in ${databaseHost.name}'s dashboard, delete it, and run again.`,
      );
    if (project.state !== "healthy") return { waitingFor: `project is ${status}` };
    const services = await databaseHost.health(ref, signal);
    const ill = services.filter((service) => !service.isHealthy);
    if (ill.length === 0 && services.length > 0) return { done: true };
    return {
      waitingFor: ill.map((service) => `${service.name} is ${service.status}`).join(", ") || "no service answers yet",
    };
  };
  return poll(look, {
    patience: (ports.timing ?? realTiming).project,
    clock: ports.clock,
    signal,
    progress: (state) => reporter(`waiting for ${databaseHost.name} project ${ref}: ${state}`),
    onLimit: (state, elapsed) =>
      new Error(
        `${databaseHost.name} project ${ref} was not healthy after ${Math.round(elapsed / 1000)} s (${state}): run again to go on waiting, or see ${databaseHost.statusPage}.`,
      ),
  });
}

/** Waits until the database lets us in, and refuses a project that an interrupted run of ours did not leave empty. */
export function untilOurs(
  ports: ReadyPorts,
  found: { project: DatabaseProject; connectionString: string; adopted: boolean },
  signal: AbortSignal,
  reporter: Reporter,
): Promise<true> {
  const { databaseHost } = ports;
  const { ref, name } = found.project;
  const look = async (): Promise<Look<true>> => {
    const content = await ports.inspect(found.connectionString, signal);
    if (content.state === "empty") return { done: true };
    if (content.state === "holds data") {
      throw new UserError(
        `${databaseHost.name} project ${name} (${ref}) exists already and holds data (${content.what}), so it is not touched: raise the generation for a new project, or delete that one in ${databaseHost.name}.`,
      );
    }
    if (content.state === "refused" && found.adopted) {
      throw new UserError(
        `${databaseHost.name} project ${name} (${ref}) exists already and was not made with this access token, so it is not touched: raise the generation for a new project, or delete that one in ${databaseHost.name}.`,
      );
    }
    return { waitingFor: `its database is not open yet (${content.reason})` };
  };
  return poll(look, {
    patience: (ports.timing ?? realTiming).project,
    clock: ports.clock,
    signal,
    progress: (state) => reporter(`waiting for ${databaseHost.name} project ${ref}: ${state}`),
    onLimit: (state) =>
      new Error(
        `The database of ${databaseHost.name} project ${ref} could not be opened: ${state}. Run again to go on waiting.`,
      ),
  });
}
