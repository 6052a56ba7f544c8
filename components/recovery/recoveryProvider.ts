import * as pulumi from "@pulumi/pulumi";

import { type Endpoints, flatEndpoints } from "../../settings/endpoints.ts";

/** Settings of provider `recovery`. Other credentials are environment variables. */
export interface RecoveryProviderArgs {
  /** Region of the vault to restore from. */
  readonly awsRegion: pulumi.Input<string>;
  readonly endpoints: Endpoints;
  /** @default - the token's own account */
  readonly vercelTeam?: pulumi.Input<string> | undefined;
  /** Team of the other stack's apps. @default - `vercelTeam` */
  readonly peerVercelTeam?: pulumi.Input<string> | undefined;
  /** A token for that team, which the state keeps encrypted. @default - the environment's */
  readonly peerVercelToken?: pulumi.Input<string> | undefined;
  /** The DNS host's token, which the state keeps encrypted. @default - the environment's */
  readonly dnsToken?: pulumi.Input<string> | undefined;
  /** Owner of the mirrors, whose repositories have a token of their own. @default - no mirrors */
  readonly mirrorOwner?: pulumi.Input<string> | undefined;
}

/** Provider `recovery`: the few resources that no public provider offers. The engine starts it from `provider/`. */
export class RecoveryProvider extends pulumi.ProviderResource {
  constructor(name: string, args: RecoveryProviderArgs, opts?: pulumi.ResourceOptions) {
    const { endpoints, peerVercelToken, dnsToken, ...plain } = args;
    const secrets = {
      ...(peerVercelToken !== undefined && { peerVercelToken: pulumi.secret(peerVercelToken) }),
      ...(dnsToken !== undefined && { dnsToken: pulumi.secret(dnsToken) }),
    };
    super("recovery", name, { ...plain, ...secrets, ...flatEndpoints(endpoints) }, opts);
  }
}
