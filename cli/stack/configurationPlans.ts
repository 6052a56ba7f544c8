import { z } from "zod";

import { environmentsIn, type StoredVariable } from "../../recovery/configuration/applicationBackup.ts";
import type { StoredConfiguration } from "../../recovery/configuration/readConfiguration.ts";
import { planAuth } from "../../recovery/configuration/restore/planAuth.ts";
import { dnsPart, planDns } from "../../recovery/configuration/restore/planDns.ts";
import { planSettings } from "../../recovery/configuration/restore/planSettings.ts";
import { planVariables } from "../../recovery/configuration/restore/planVariables.ts";
import type { RestorePlan } from "../../recovery/configuration/restore/restorePlan.ts";
import { OUR_COMMENT } from "../../recovery/environment/setVariables.ts";
import { sourceByName } from "../../recovery/environment/sources.ts";
import { contentOf, findEnvironment } from "../../recovery/environment/storedEnvironment.ts";
import { leaseNameOf } from "../../recovery/site/trafficLease.ts";
import { placeOf } from "../../recovery/vault/variableValuesPart.ts";
import { systemClock } from "../../services/common/clock.ts";
import { UserError } from "../../services/common/errors.ts";
import { appNamed } from "./liveApp.ts";
import { backupsOf, portsOf } from "./services.ts";
import type { StackContext } from "./stackContext.ts";
import { partOfApp } from "./storedConfiguration.ts";

/** The parts that can be put back. */
export const RESTORABLE_PARTS = ["dns", "variables", "settings", "auth"] as const;
export type RestorablePart = (typeof RESTORABLE_PARTS)[number];

/** What of a part is put back. */
export interface PlanOptions {
  app?: string | undefined;
  name?: readonly string[] | undefined;
  deleteOthers?: boolean | undefined;
}

interface Planning {
  context: StackContext;
  stored: StoredConfiguration;
  options: PlanOptions;
  signal: AbortSignal;
}

const applicationPart = z.object({
  settings: z.record(z.string(), z.unknown()),
  variables: z.array(
    z.object({
      key: z.string(),
      type: z.string(),
      targets: z.array(z.string()),
      branch: z.string().optional(),
      environments: z.array(z.string()).optional(),
      comment: z.string().optional(),
    }),
  ),
});

/** Plans how a part of the stack gets back what a backup has of it. Reads only. */
export async function configurationPlan(part: RestorablePart, planning: Planning): Promise<RestorePlan> {
  return await PLANS[part](planning);
}

const PLANS: Readonly<Record<RestorablePart, (planning: Planning) => Promise<RestorePlan>>> = {
  dns: async ({ context: { settings }, stored, options, signal }) => {
    const { zone, records } = partIn(stored, "dns", dnsPart);
    if (zone !== settings.zoneName)
      throw new UserError(`The backup holds the records of ${zone}, and the stack's zone is ${settings.zoneName}.`);
    const dns = portsOf(settings).dns();
    const zoneId = await dns.zoneId(zone, signal);
    if (zoneId === undefined) throw new UserError(`${dns.name} shows no zone ${zone}: make it there first.`);
    const publicNames = settings.apps.flatMap((app) => [...app.publicNames]);
    const ownNames = [...publicNames, ...publicNames.map(leaseNameOf)];
    const { name: names, deleteOthers } = options;
    return await planDns(dns, { zoneId, zone, stored: records, ownNames, names, deleteOthers }, signal);
  },
  variables: async ({ context, stored, options, signal }) => {
    const app = appNamed(context.settings, options.app);
    const part = partOfApp(stored.configuration as object, app);
    const { settings, variables } = partIn(stored, part, applicationPart);
    const appHost = portsOf(context.settings).appHost();
    const live = await appHost.exportProject(app.project, signal);
    if (live === undefined)
      throw new UserError(`${appHost.name} project ${app.project} does not exist: make it first.`);
    const ids = new Map([...environmentsIn(live)].map(([id, name]) => [name, id]));
    const isOwn = part === `application ${app.project}` && settings["name"] !== app.peerProject;
    return await planVariables(
      appHost,
      {
        part: `variables of ${app.project}`,
        projectId: app.project,
        stored: variables,
        valueOf: await valuesOf({ context, stored, options, signal }, part, app.name),
        environmentId: (name) => ids.get(name),
        keep: ({ key, comment }) =>
          comment === OUR_COMMENT
            ? "a recovery sets them"
            : !isOwn && sourceByName(key) !== undefined
              ? "they lead to the database, which is another one in this stack"
              : undefined,
        names: options.name,
        deleteOthers: options.deleteOthers,
      },
      signal,
    );
  },
  settings: async ({ context: { settings: own }, stored, options, signal }) => {
    const app = appNamed(own, options.app);
    const part = partOfApp(stored.configuration as object, app);
    const { settings } = partIn(stored, part, applicationPart);
    const appHost = portsOf(own).appHost();
    return await planSettings(
      {
        part: `settings of ${app.project}`,
        item: `project ${app.project}`,
        stored: settings,
        isWritable: (field) => appHost.writableFields.has(field) && isNamed(options, field),
        read: async (inner) => {
          const live = await appHost.exportProject(app.project, inner);
          if (live === undefined)
            throw new UserError(`${appHost.name} project ${app.project} does not exist: make it first.`);
          return live;
        },
        write: (changed, inner) => appHost.changeProject(app.project, changed, inner),
      },
      signal,
    );
  },
  auth: async ({ context: { settings, outputs }, stored, options, signal }) => {
    const { supabaseRef } = outputs;
    if (supabaseRef === undefined) throw new UserError(`Stack ${settings.stack} has no Supabase project.`);
    const content = portsOf(settings).projectContent(supabaseRef);
    const held = partIn(stored, "auth", z.record(z.string(), z.unknown()));
    return await planAuth(content, { ref: supabaseRef, stored: held, names: options.name }, signal);
  },
};

function isNamed({ name }: PlanOptions, field: string): boolean {
  return name === undefined || name.includes(field);
}

function partIn<T>({ configuration, backupId }: StoredConfiguration, part: string, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse((configuration as Record<string, unknown>)[part]);
  if (parsed.success) return parsed.data;
  throw new UserError(
    `Backup ${backupId} does not hold ${part}. \`castchat-recovery config show\` prints what each has; name another one with --backup.`,
  );
}

/** Values that the app host showed to the backup, and else the sealed ones. */
async function valuesOf({ context, stored, signal }: Planning, part: string, app: string | undefined) {
  const shown = stored.values?.applications[part.replace(/^application /, "")] ?? [];
  const values = new Map(shown.map((one) => [placeOf(one), one.value]));
  const source = { ...(await backupsOf(context)), clock: systemClock, signal };
  const { backup } = await findEnvironment(source, app);
  const sealed = backup === undefined || source.opener === undefined ? [] : (await contentOf(source, backup)).variables;
  return (variable: StoredVariable): string | undefined => {
    const known = values.get(placeOf(variable));
    if (known !== undefined || variable.branch !== undefined || (variable.environments ?? []).length > 0) return known;
    const fit = sealed.filter(
      ({ key, targets }) =>
        key === variable.key && variable.targets.every((one) => (targets as string[]).includes(one)),
    );
    return fit[0]?.value;
  };
}
