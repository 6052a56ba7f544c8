import * as pulumi from "@pulumi/pulumi";

/** Settings of provider `recovery`. Credentials are environment variables, never settings. */
export interface RecoveryProviderArgs {
  /** Region of the vault that it restores from. */
  readonly awsRegion: pulumi.Input<string>;
  /** Addresses that stand for the services' public ones. @default - the public services */
  readonly endpointAws?: pulumi.Input<string> | undefined;
  readonly endpointVercel?: pulumi.Input<string> | undefined;
  readonly endpointGithub?: pulumi.Input<string> | undefined;
  readonly endpointCloudflare?: pulumi.Input<string> | undefined;
  readonly endpointSupabase?: pulumi.Input<string> | undefined;
  /** Where health requests to public names go. @default - to the names themselves, over https */
  readonly endpointEdge?: pulumi.Input<string> | undefined;
  /** A Supabase project's address, with `{ref}` in it. @default "https://{ref}.supabase.co" */
  readonly supabaseProjectUrl?: pulumi.Input<string> | undefined;
  /** @default - the token's own account */
  readonly vercelTeam?: pulumi.Input<string> | undefined;
}

/** Provider `recovery`: the few resources that no public provider has. The engine starts it from `provider/`. */
export class RecoveryProvider extends pulumi.ProviderResource {
  constructor(name: string, args: RecoveryProviderArgs, opts?: pulumi.ResourceOptions) {
    super("recovery", name, { ...args }, opts);
  }
}
