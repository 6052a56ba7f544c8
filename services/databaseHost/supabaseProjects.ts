import { z } from "zod";

import type { DatabaseProject, ProjectState } from "./databaseHost.ts";

/** Supabase's word for a project, or one of its services, that is well. */
export const HEALTHY = "ACTIVE_HEALTHY";
/** Supabase's word for a project that is gone, and shown for a while. */
export const REMOVED = "REMOVED";

/** Any other word is that of a project that changes by itself. */
const STATES: Readonly<Record<string, ProjectState>> = {
  [HEALTHY]: "healthy",
  RESTORING: "restoring",
  INACTIVE: "paused",
  PAUSING: "paused",
  PAUSE_FAILED: "pause failed",
  INIT_FAILED: "failed",
  RESTORE_FAILED: "failed",
  GOING_DOWN: "going down",
};

/** A project as the Management API shows it. */
export const projectAnswer = z
  .object({
    id: z.string().min(1),
    ref: z.string().min(1).optional(),
    organization_id: z.string().optional(),
    organization_slug: z.string().optional(),
    name: z.string(),
    region: z.string(),
    created_at: z.string(),
    status: z.string(),
  })
  .transform((answer): DatabaseProject => ({
    ref: answer.ref ?? answer.id,
    name: answer.name,
    // Older answers give only the organization's id, which Supabase makes equal to its slug.
    organization: answer.organization_slug ?? answer.organization_id ?? "",
    region: answer.region,
    createdAt: answer.created_at,
    state: STATES[answer.status] ?? "changing",
    status: answer.status,
  }));

/** The project, if it was not removed. */
export function unlessRemoved(project: DatabaseProject | undefined): DatabaseProject | undefined {
  return project?.status === REMOVED ? undefined : project;
}
