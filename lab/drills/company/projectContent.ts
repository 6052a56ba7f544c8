import { addressOf } from "../../sandbox/host/layout.ts";
import type { ProjectPlace } from "../../sandbox/sample/projectPlace.ts";
import { type ProjectSnapshot, takeProjectSnapshot } from "../compare/projectSnapshot.ts";
import type { DrillContext } from "./context.ts";

/** The outputs that identify a stack's Supabase project. */
export interface ProjectOutputs {
  supabaseRef: string;
  databaseUrl: string;
}

/** A stack's project, accessed with the account's token. */
export function projectPlace(
  { file }: Pick<DrillContext, "file">,
  { supabaseRef, databaseUrl }: ProjectOutputs,
): ProjectPlace {
  return {
    ref: supabaseRef,
    databaseUrl,
    supabase: addressOf(file.ports, "supabase"),
    token: file.credentials.supabaseToken,
  };
}

/** Hashes the content of a stack's project outside its database. */
export async function readProject(context: DrillContext, outputs: ProjectOutputs): Promise<ProjectSnapshot> {
  return await takeProjectSnapshot(projectPlace(context, outputs));
}
