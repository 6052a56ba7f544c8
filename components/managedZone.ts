import { DnsRecord, type DnsRecordArgs } from "@pulumi/cloudflare/dnsRecord.js";
import { Zone } from "@pulumi/cloudflare/zone.js";
import type * as pulumi from "@pulumi/pulumi";

import type { ManagedRecord } from "../settings/dnsRecords.ts";
import { recordNameOf, zoneNameOf } from "../settings/managedParts.ts";
import { managedOptions, type Managing } from "./managed.ts";

/** What is declared of a live zone. */
export interface ManagedZoneArgs {
  /** The zone, such as example.com. */
  readonly zoneName: string;
  /** The Cloudflare account that holds the zone. */
  readonly accountId: string;
  /** Its own records, without those of public names. */
  readonly records: readonly ManagedRecord[];
  readonly managing: Managing;
}

const ZONE = { declared: ["name", "account"], left: ["type", "paused", "vanityNameServers"] };
const RECORD = {
  declared: [
    ...["zoneId", "name", "type", "ttl", "content", "data", "priority", "proxied", "comment", "tags", "settings"],
  ],
  left: ["includeShadowMetadata", "privateRouting"],
};

/** Declares a live zone and the records that the settings list, and creates none, not even a CAA record. */
export function managedZone(
  component: string,
  { zoneName, accountId, records, managing }: ManagedZoneArgs,
  parent: pulumi.Resource,
): Zone {
  const name = zoneNameOf(component);
  const zone = new Zone(
    name,
    { name: zoneName, account: { id: accountId } },
    managedOptions(name, parent, managing, ZONE),
  );
  for (const { id, ...record } of records) {
    const own = recordNameOf(component, id);
    const args = { zoneId: zone.id, ...record } as DnsRecordArgs;
    new DnsRecord(own, args, managedOptions(own, parent, managing, RECORD));
  }
  return zone;
}
