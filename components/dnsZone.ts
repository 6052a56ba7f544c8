import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";

export interface DnsZoneArgs {
  /** The zone, such as example.com. */
  readonly zoneName: string;
  /** Cloudflare account that holds it. */
  readonly accountId: string;
  /**
   * Refuse to delete the zone.
   * @default true
   */
  readonly protect?: boolean;
}

/** The authority that Vercel has its certificates from. */
const CERTIFICATE_AUTHORITY = "letsencrypt.org";

/** `ttl: 1` lets Cloudflare choose. */
const AUTOMATIC_TTL = 1;

/**
 * The DNS zone and the records in it that never move. The public names are not here: the traffic switch alone owns those.
 */
export class DnsZone extends pulumi.ComponentResource {
  readonly zoneId: pulumi.Output<string>;

  constructor(name: string, args: DnsZoneArgs, opts?: pulumi.ComponentResourceOptions) {
    super("castchat:index:DnsZone", name, {}, opts);
    const { zoneName, accountId, protect = true } = args;

    const zone = new cloudflare.Zone(
      `${name}-zone`,
      { name: zoneName, account: { id: accountId }, type: "full" },
      { parent: this, protect },
    );
    // Only the authority that the recovery itself uses may issue certificates for the zone.
    new cloudflare.DnsRecord(
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

    this.zoneId = zone.id;
    this.registerOutputs({ zoneId: this.zoneId });
  }
}
