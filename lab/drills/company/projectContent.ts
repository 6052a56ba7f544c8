import { addressOf } from "../../sandbox/host/layout.ts";
import type { ProjectPlace } from "../../sandbox/sample/projectPlace.ts";
import { type ProjectSnapshot, takeProjectSnapshot } from "../compare/projectSnapshot.ts";
import type { DrillContext } from "./context.ts";

/** What of a stack's outputs names its Supabase project. */
export interface ProjectOutputs {
  supabaseRef: string;
  databaseUrl: string;
}

/** The project of a stack, as whoever holds the account's token reaches it. */
export function projectPlace({ file }: DrillContext, { supabaseRef, databaseUrl }: ProjectOutputs): ProjectPlace {
  return {
    ref: supabaseRef,
    databaseUrl,
    supabase: addressOf(file.ports, "supabase"),
    token: file.credentials.supabaseToken,
  };
}

/** Hashes what a stack's project holds beside its database. */
export async function readProject(context: DrillContext, outputs: ProjectOutputs): Promise<ProjectSnapshot> {
  return await takeProjectSnapshot(projectPlace(context, outputs));
}
