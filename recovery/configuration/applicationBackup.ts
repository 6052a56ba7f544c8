import type { AppHost, AppVariable, ListedVariable } from "../../services/appHost/appHost.ts";
import { pool } from "../../services/common/pool.ts";
import type { IsSealed } from "../vault/sealedNames.ts";
import type { VariableValue } from "../vault/variableValuesPart.ts";
import { withoutSecrets } from "./withoutSecrets.ts";

/** A variable as a backup of the configuration lists it: every place that it is set in, and no value. */
export interface StoredVariable extends AppVariable {
  /** Absent if it is set for all branches. */
  branch?: string | undefined;
  /** The project's own environments, by name. Absent if it is in none. */
  environments?: string[] | undefined;
  comment?: string | undefined;
}

/** Settings of an app's project, its variables without their values, and its domains. */
export interface ApplicationBackup {
  settings: Record<string, unknown>;
  variables: StoredVariable[];
  domains: string[];
  /** Each domain with its redirect, branch and environment, in the host's own form. Absent in older backups. */
  names?: Record<string, unknown>[] | undefined;
  /** Names of the variables whose value the host never shows, and which are not sealed. Absent if there are none. */
  unsealed?: string[] | undefined;
}

/** Which project is read, and how. */
interface Wish {
  project: string;
  /** What is sealed of its variables. */
  sealed: IsSealed | undefined;
  /** Whether values are read, since the backup is encrypted. */
  isSealed: boolean;
}

/** Requests for values at once: Vercel shows each only by itself. */
const AT_ONCE = 4;

/** Reads an app's project, with the values of those variables that its host shows. */
export async function applicationOf(
  appHost: AppHost,
  { project, sealed = () => false, isSealed }: Wish,
  signal: AbortSignal,
): Promise<ApplicationBackup & { values: VariableValue[] }> {
  const settings = await appHost.exportProject(project, signal);
  if (!settings) throw new Error(`${appHost.name} project ${project} does not exist`);
  const own = environmentsIn(settings);
  const nameOf = (id: string) => own.get(id) ?? id;
  const listed = await appHost.listVariables(project, signal);
  const others = (await appHost.variables(project, signal)).filter(
    ({ key, type }) => !listed.some((one) => one.key === key && one.type === type),
  );
  const readable = isSealed ? listed.filter((one) => one.isReadable) : [];
  const values = await pool(
    readable,
    AT_ONCE,
    async ({ id, key, targets, branch, environments }, inner): Promise<VariableValue> => ({
      key,
      targets,
      ...(branch !== undefined && { branch }),
      environments: environments.map(nameOf),
      value: await appHost.variableValue(project, id, inner),
    }),
    signal,
  );
  const names = await appHost.exportNames(project, signal);
  const unsealed = [...new Set(listed.filter((one) => !one.isReadable && !isIn(sealed, one)).map(({ key }) => key))];
  return {
    settings: withoutSecrets(settings),
    variables: [
      ...listed.map(({ key, type, targets, branch, environments, comment }) => ({
        key,
        type,
        targets,
        ...(branch !== undefined && { branch }),
        ...(environments.length > 0 && { environments: environments.map(nameOf) }),
        ...(comment !== undefined && comment !== "" && { comment }),
      })),
      ...others,
    ],
    domains: names.map(({ name }) => String(name)).sort(),
    names,
    ...(unsealed.length > 0 && { unsealed: unsealed.sort() }),
    values,
  };
}

/** Only what is set for Vercel's own environments and all branches can be sealed. */
function isIn(sealed: IsSealed, { key, targets, branch, environments }: ListedVariable): boolean {
  if (branch !== undefined || environments.length > 0) return false;
  return targets.every((target) => sealed(key, target));
}

/** The names of a project's own environments, by id. */
export function environmentsIn(settings: Readonly<Record<string, unknown>>): Map<string, string> {
  const listed = Array.isArray(settings["customEnvironments"]) ? (settings["customEnvironments"] as unknown[]) : [];
  return new Map(
    listed.flatMap((one) => {
      const { id, slug } = one as { id?: unknown; slug?: unknown };
      return typeof id === "string" && typeof slug === "string" ? [[id, slug] as const] : [];
    }),
  );
}
