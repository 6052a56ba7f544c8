import * as pulumi from "@pulumi/pulumi";

import { known } from "./known.ts";

export interface GenerationsArgs {
  /** The present generation. */
  readonly generation: number;
  /** Name of the stack, as in the traffic's lease. */
  readonly stack: string;
  readonly publicName: string;
  readonly zoneName: string;
  /** Slug of the databases' Supabase organization. */
  readonly organization: string;
}

/** The generations of the recovered database that the program declares, including the present one. */
export interface DeclaredGenerations {
  /** The generation whose resources have names without a number. */
  readonly first: number;
  /** Ascending. */
  readonly declared: readonly number[];
}

/** Keeps the list of generations from one `up` to the next. An earlier generation stays declared until it is released. */
export class Generations extends pulumi.CustomResource {
  declare readonly first: pulumi.Output<number>;
  declare readonly declared: pulumi.Output<number[]>;

  constructor(name: string, args: GenerationsArgs, opts?: pulumi.CustomResourceOptions) {
    super("recovery:index:Generations", name, { ...args, first: undefined, declared: undefined }, opts);
  }

  /** Waits for the provider's list, also in a preview. It decides which resources the program declares. */
  known(): Promise<DeclaredGenerations> {
    const both = pulumi.all([this.first, this.declared]).apply(([first, declared]) => ({ first, declared }));
    return known(both, "which generations are declared");
  }
}
