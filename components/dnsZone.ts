import { DnsRecord } from "@pulumi/cloudflare/dnsRecord.js";
import { Zone } from "@pulumi/cloudflare/zone.js";
import * as pulumi from "@pulumi/pulumi";

import { zoneNameOf } from "../settings/managedParts.ts";
import { managedZone, type ManagedZoneArgs } from "./managedZone.ts";

/** A zone that is created. */
export interface NewZoneArgs {
  /** The zone, such as example.com. */
  readonly zoneName: string;
  /** The Cloudflare account that holds the zone. */
  readonly accountId: string;
  /** Refuse to delete the zone. @default true */
  readonly protect?: boolean;
}

/** A zone that is created, or one that exists and is managed. */
export type DnsZoneArgs = NewZoneArgs | ManagedZoneArgs;

/** The authority that issues Vercel's certificates. */
const CERTIFICATE_AUTHORITY = "letsencrypt.org";

/** `ttl: 1` lets Cloudflare choose. */
const AUTOMATIC_TTL = 1;

/** The DNS zone, and its fixed records or the live zone's own. The public names are not here: only the traffic switch owns those. */
export class DnsZone extends pulumi.ComponentResource {
  readonly zoneId: pulumi.Output<string>;

  constructor(name: string, args: DnsZoneArgs, opts?: pulumi.ComponentResourceOptions) {
    super("castchat:index:DnsZone", name, {}, opts);
    const zone = "managing" in args ? managedZone(name, args, this) : this.#create(name, args);
    this.zoneId = zone.id;
    this.registerOutputs({ zoneId: this.zoneId });
  }

  #create(name: string, { zoneName, accountId, protect = true }: NewZoneArgs): Zone {
    const zone = new Zone(
      zoneNameOf(name),
      { name: zoneName, account: { id: accountId }, type: "full" },
      { parent: this, protect },
    );
    // Only the authority that the recovery itself uses may issue certificates for the zone.
    new DnsRecord(
      `${name}-caa`,
      {
        zoneId: zone.id,
        name: zoneName,
        type: "CAA",
        ttl: AUTOMATIC_TTL,
        data: { flags: 0, tag: "issue", value: CERTIFICATE_AUTHORITY },
      },
      { parent: this },
    );
    return zone;
  }
}
