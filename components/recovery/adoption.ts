import * as pulumi from "@pulumi/pulumi";

import { known } from "./known.ts";

export interface AdoptionArgs {
  /** Name of the stack, for the command to run. */
  readonly stack: string;
  /** Names of the managed resources. */
  readonly parts: readonly string[];
  /** Import ids by name, while `castchat-recovery adopt` runs. @default - those of the state */
  readonly imports?: AdoptedIds | undefined;
}

/** Import ids, by the resource's name. */
export type AdoptedIds = Readonly<Record<string, string>>;

/**
 * Keeps what was adopted from one `up` to the next, since a program can't see its own state. A managed resource that is not among it is refused
 * in the preview, so that it is never created a second time.
 */
export class Adoption extends pulumi.CustomResource {
  declare readonly ids: pulumi.Output<AdoptedIds>;

  constructor(name: string, args: AdoptionArgs, opts?: pulumi.CustomResourceOptions) {
    super("recovery:index:Adoption", name, { ...args, ids: undefined }, opts);
  }

  /** Waits for the ids, also in a preview. They decide how the program declares what exists. */
  known(): Promise<AdoptedIds> {
    return known(this.ids, "what was adopted");
  }
}
