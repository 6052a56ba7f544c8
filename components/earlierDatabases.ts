import type * as pulumi from "@pulumi/pulumi";

import { recoveredDatabaseName } from "../planning/names.ts";
import { Database, type RestoreSource } from "./database.ts";
import type { DeclaredGenerations } from "./recovery/generations.ts";
import type { EarlierGeneration } from "./siteOutputs.ts";

/** The settings of a standby that decide about its generations. */
export interface GenerationArgs {
  readonly generation: number;
  /** @default - only the present one */
  readonly generations?: DeclaredGenerations | undefined;
  readonly supabaseOrganization: string;
  readonly supabaseRegion: string;
  readonly protect: boolean;
}

/** The database of an earlier generation, which stays declared. */
export interface EarlierDatabase {
  readonly generation: number;
  readonly projectName: string;
  readonly database: Database;
}

/** Declares the databases of earlier generations. They are not changed, and the engine refuses to delete them. */
export function keepEarlierDatabases(
  args: GenerationArgs,
  restore: Pick<RestoreSource, "vaultBucket" | "trustedWriterKeys">,
  opts: pulumi.ComponentResourceOptions,
): EarlierDatabase[] {
  const { supabaseOrganization: organization, supabaseRegion: region, protect } = args;
  const others = generationsOf(args).declared.filter((one) => one !== args.generation);
  return others.map((generation) => {
    const projectName = recoveredDatabaseName("active", generation);
    const declared = { projectName, organization, region, restore: { ...restore, generation }, kept: true, protect };
    return { generation, projectName, database: new Database(generationName(args, generation), declared, opts) };
  });
}

/** The outputs of these databases; none without any. */
export function earlierOutputs(earlier: readonly EarlierDatabase[]): {
  earlierGenerations?: readonly EarlierGeneration[];
} {
  if (earlier.length === 0) return {};
  return {
    earlierGenerations: earlier.map(({ generation, projectName, database: { ref } }) => ({
      generation,
      projectName,
      ref,
    })),
  };
}

/**
 * The first generation's database keeps the name that every stack began with, so that it isn't replaced. Later generations have their
 * number.
 */
export function generationName(args: GenerationArgs, generation: number): string {
  return generation === generationsOf(args).first ? "database" : `database-g${generation}`;
}

function generationsOf({ generations, generation }: GenerationArgs): DeclaredGenerations {
  return generations ?? { first: generation, declared: [generation] };
}
