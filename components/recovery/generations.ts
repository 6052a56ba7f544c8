import * as pulumi from "@pulumi/pulumi";

export interface GenerationsArgs {
  /** The present generation. */
  readonly generation: number;
  /** Name of the stack, as the traffic's lease has it. */
  readonly stack: string;
  readonly publicName: string;
  readonly zoneName: string;
  /** Slug of the Supabase organization that the databases are in. */
  readonly organization: string;
}

/** The generations of the recovered database that the program declares, the present one among them. */
export interface DeclaredGenerations {
  /** The one whose resources bear the names without a number. */
  readonly first: number;
  /** Ascending. */
  readonly declared: readonly number[];
}

/** Remembers from one `up` to the next which generations there are: an earlier one stays declared until it is released. */
export class Generations extends pulumi.CustomResource {
  declare readonly first: pulumi.Output<number>;
  declare readonly declared: pulumi.Output<number[]>;

  constructor(name: string, args: GenerationsArgs, opts?: pulumi.CustomResourceOptions) {
    super("recovery:index:Generations", name, { ...args, first: undefined, declared: undefined }, opts);
  }

  /**
   * What the provider knows, also in a preview: which resources the program declares depends on it, so it is waited for rather than
   * declared from inside of an output.
   *
   * @throws {pulumi.RunError} where the engine does not know it, as with a provider whose settings are unknown
   */
  async known(): Promise<DeclaredGenerations> {
    const both = pulumi.all([this.first, this.declared]);
    // Not in the SDK's types. Without it an output that is unknown would be waited for in vain.
    const { isKnown } = both as unknown as { isKnown: Promise<boolean> };
    if (!(await isKnown)) throw new pulumi.RunError("Provider recovery did not say which generations are declared.");
    return await new Promise((resolve) => {
      both.apply(([first, declared]) => {
        resolve({ first, declared });
      });
    });
  }
}
