import { z } from "zod";

import type { App } from "./apps.ts";
import type { ManagedRecord } from "./dnsRecords.ts";

/** Something live that a stack manages: a component, and the resources in it, by their names in the program. */
export interface ManagedPart {
  readonly component: string;
  readonly resources: readonly string[];
}

/** The settings that decide what is managed. */
export interface ManagingSettings {
  readonly apps: readonly App[];
  readonly dns: string;
  readonly dnsRecords?: readonly ManagedRecord[] | undefined;
}

/** What a primary's settings call managed. */
export function managedParts({ apps, dns, dnsRecords = [] }: ManagingSettings): ManagedPart[] {
  const managed = apps.filter(({ state }) => state === "managed").map((app) => nameOfPart("application", app));
  return [
    ...managed.map((component) => ({ component, resources: [projectNameOf(component)] })),
    ...(dns === "managed"
      ? [
          {
            component: ZONE_COMPONENT,
            resources: [zoneNameOf(ZONE_COMPONENT), ...dnsRecords.map(({ id }) => recordNameOf(ZONE_COMPONENT, id))],
          },
        ]
      : []),
  ];
}

/** The resource that keeps what was adopted. */
export const ADOPTION = "adoption";

/** The DNS zone's component. */
export const ZONE_COMPONENT = "dns";

/** Name of a part of an app. An app without a name has the part's own, which every stack with one app began with. */
export function nameOfPart(part: string, { name }: Pick<App, "name">): string {
  return name === undefined ? part : `${part}-${name}`;
}

/** Name of the project in an app's component. */
export function projectNameOf(component: string): string {
  return `${component}-project`;
}

/** Name of the zone in its component. */
export function zoneNameOf(component: string): string {
  return `${component}-zone`;
}

/** Name of a managed record, by its id at the host. */
export function recordNameOf(component: string, id: string): string {
  return `${component}-record-${id}`;
}

/**
 * The variable by which `castchat-recovery adopt` has the program bring in what exists, as JSON. A preview that is made apart from the state sets it
 * to nothing at all, since there everything is new.
 */
export const IMPORTS_VARIABLE = "CASTCHAT_RECOVERY_IMPORTS";

const imports = z.strictObject({
  /** Import ids of all that is managed, by resource name. */
  ids: z.record(z.string(), z.string()),
  /** Names of those that are brought in now. */
  bringIn: z.array(z.string()),
});

/** What `castchat-recovery adopt` brings in. */
export type Imports = z.output<typeof imports>;

/** Nothing is brought in, and everything is new. */
export const NO_IMPORTS: Imports = { ids: {}, bringIn: [] };

/** What is brought in; undefined outside of `castchat-recovery adopt` and of previews apart. */
export function importsIn(environment: NodeJS.ProcessEnv): Imports | undefined {
  const text = environment[IMPORTS_VARIABLE];
  return text === undefined || text === "" ? undefined : imports.parse(JSON.parse(text));
}
