import * as pulumi from "@pulumi/pulumi";

import { type Endpoints, flatEndpoints } from "../../settings/endpoints.ts";

/** Settings of provider `recovery`. Credentials are environment variables, never settings. */
export interface RecoveryProviderArgs {
  /** Region of the vault to restore from. */
  readonly awsRegion: pulumi.Input<string>;
  readonly endpoints: Endpoints;
  /** @default - the token's own account */
  readonly vercelTeam?: pulumi.Input<string> | undefined;
  /** Owner of the mirrors, whose repositories have a token of their own. @default - no mirrors */
  readonly mirrorOwner?: pulumi.Input<string> | undefined;
}

/** Provider `recovery`: the few resources that no public provider offers. The engine starts it from `provider/`. */
export class RecoveryProvider extends pulumi.ProviderResource {
  constructor(name: string, { endpoints, ...args }: RecoveryProviderArgs, opts?: pulumi.ResourceOptions) {
    super("recovery", name, { ...args, ...flatEndpoints(endpoints) }, opts);
  }
}
