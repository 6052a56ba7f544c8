import type { AppHost, AppProject } from "../../services/appHost/appHost.ts";
import { UserError } from "../../services/common/errors.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import type { Pulumi } from "../pulumi/pulumi.ts";
import type { PlannedCreate } from "../pulumi/pulumiPending.ts";

const PROJECT = "vercel:index/project:Project";

/** What the search for a half-made project needs. The app host is called only if the state has no project of the name. */
export interface HalfMadePorts {
  pulumi: Pick<Pulumi, "deployed" | "plannedCreates" | "adopt">;
  appHost: () => AppHost;
  reporter: Reporter;
  signal: AbortSignal;
}

/**
 * Takes a project into the state that the Vercel plugin has half made: the plugin creates a project by one request and sets it up by a
 * second. If the second fails, the project exists, and no state knows it. Each further `up` then ends with "already exists". Only an empty
 * project is taken in; any other stays as it is.
 *
 * @throws UserError if a project of that name holds anything, since no `up` leaves such a project
 */
export async function adoptHalfMadeProject(
  { pulumi, appHost, reporter, signal }: HalfMadePorts,
  name: string,
  stack: string,
): Promise<void> {
  const known = (await pulumi.deployed()).some(({ type, inputs }) => type === PROJECT && inputs["name"] === name);
  if (known) return;
  const found = await appHost().project(name, signal);
  if (found?.name !== name) return;
  const planned = (await pulumi.plannedCreates()).find(
    ({ type, inputs }) => type === PROJECT && inputs["name"] === name,
  );
  if (planned === undefined) return;
  const content = await contentOf(appHost(), found, signal);
  if (content.length > 0) throw refusal(found, content, planned, stack);
  reporter(
    `Vercel project ${name} (${found.id}) was made by an update that broke off, and is empty. It is taken into the state of stack ${stack}.`,
  );
  await pulumi.adopt(planned, found.id);
}

/** What a project holds, in words. Empty for a project that was only created. */
async function contentOf(
  appHost: AppHost,
  { id, name, productionId, hasRepository }: AppProject,
  signal: AbortSignal,
): Promise<string[]> {
  const [deployed, variables, domains] = await Promise.all([
    appHost.hasDeployments(id, signal),
    appHost.variables(id, signal),
    appHost.publicNames(id, signal),
  ]);
  // Every project has a generated name after its own.
  const given = domains.filter((domain) => !(domain.isGenerated && domain.name.startsWith(`${name}.`)));
  return [
    ...(deployed || productionId !== undefined ? ["deployments"] : []),
    ...(variables.length > 0 ? [`variables (${variables.map(({ key }) => key).join(", ")})`] : []),
    ...(given.length > 0 ? [`domains (${given.map((domain) => domain.name).join(", ")})`] : []),
    ...(hasRepository ? ["a linked repository"] : []),
  ];
}

function refusal(
  { id, name }: AppProject,
  content: readonly string[],
  { urn, parent = "", provider = "" }: PlannedCreate,
  stack: string,
): UserError {
  const resource = urn.split("::").at(-1) ?? urn;
  const instance = provider.slice(0, provider.lastIndexOf("::"));
  return new UserError(
    `Vercel project ${name} (${id}) exists and holds ${content.join(", ")}, but stack ${stack} did not make it. It is left as it is. ` +
      `Set another vercelProject for this stack. Only if the project is to belong to this stack, which will deploy to it, run: ` +
      `pulumi import ${PROJECT} ${resource} ${id} --stack ${stack} --parent 'parent=${parent}' --provider 'provider=${instance}'`,
  );
}
