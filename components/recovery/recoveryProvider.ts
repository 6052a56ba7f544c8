import * as pulumi from "@pulumi/pulumi";

import { type Endpoints, flatEndpoints } from "../../settings/endpoints.ts";

/** Settings of provider `recovery`. Credentials are environment variables, never settings. */
export interface RecoveryProviderArgs {
  /** Region of the vault to restore from. */
  readonly awsRegion: pulumi.Input<string>;
  readonly endpoints: Endpoints;
  /** @default - the token's own account */
  readonly vercelTeam?: pulumi.Input<string> | undefined;
}

/** Provider `recovery`: the few resources that no public provider offers. The engine starts it from `provider/`. */
export class RecoveryProvider extends pulumi.ProviderResource {
  constructor(name: string, { awsRegion, endpoints, vercelTeam }: RecoveryProviderArgs, opts?: pulumi.ResourceOptions) {
    super("recovery", name, { awsRegion, ...flatEndpoints(endpoints), vercelTeam }, opts);
  }
}
