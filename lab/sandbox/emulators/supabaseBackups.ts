import type { Hono } from "hono";
import { z } from "zod";

import { readBody } from "./http.ts";
import { refusal, type SupabaseProject, type SupabaseWorld } from "./supabaseState.ts";

/** The platform backs up every project at this hour (UTC), and keeps the copies for so many days. */
const HOUR = 2;
const KEPT_DAYS = 7;
const DAY_MS = 86_400_000;
const byId = z.object({ id: z.number().int() });
const byTime = z.object({ recovery_time_target_unix: z.number().int() });

/** The platform's own backups of all projects. */
export interface PlatformBackups {
  /** Takes the backups of 02:00 UTC that are due, and removes those that are too old. */
  takeDue(): Promise<void>;
  /** Takes a backup now, as at 02:00 UTC. */
  take(ref: string): Promise<void>;
  /** Adds point-in-time recovery to a project's plan, from a copy that is taken now. */
  enablePointInTime(ref: string): Promise<void>;
}

/**
 * The platform's own backups: real physical copies of a project's server and, with point-in-time recovery, the changes since.
 *
 * | method and path under /v1 | what |
 * | --- | --- |
 * | GET /projects/:ref/database/backups | the copies, and the window of point-in-time recovery |
 * | POST /projects/:ref/database/backups/restore `{id}` | replaces the project's data with the copy; RESTORING meanwhile |
 * | POST /projects/:ref/database/backups/restore-pitr `{recovery_time_target_unix}` | the same, with the changes up to that second |
 */
export function addBackupRoutes(
  app: Hono,
  { deps, state, save, findProject }: SupabaseWorld,
  restoreBackup: (project: SupabaseProject) => void,
): PlatformBackups {
  const badRequest = (fault: string) => refusal(400, fault);
  const begin = (project: SupabaseProject, from: NonNullable<SupabaseProject["restoresFrom"]>) => {
    if (project.status !== "ACTIVE_HEALTHY") throw badRequest("Project is not active");
    project.status = "RESTORING";
    project.restoresFrom = from;
    save();
    restoreBackup(project);
  };
  const windowOf = (project: SupabaseProject) => {
    const [oldest] = project.backups ?? [];
    if (project.pointInTime !== true || oldest === undefined) return undefined;
    return {
      earliest_physical_backup_date_unix: Math.ceil(Date.parse(oldest.takenAt) / 1000),
      latest_physical_backup_date_unix: Math.floor(deps.clock().getTime() / 1000),
    };
  };

  app.get("/v1/projects/:ref/database/backups", (c) => {
    const project = findProject(c.req.param("ref"));
    const backups = [...(project.backups ?? [])].reverse();
    return c.json({
      region: project.region,
      walg_enabled: true,
      pitr_enabled: project.pointInTime === true,
      backups: backups.map(({ id, takenAt }) => ({
        id,
        is_physical_backup: true,
        status: "COMPLETED",
        inserted_at: takenAt,
      })),
      physical_backup_data: windowOf(project) ?? {},
    });
  });
  app.post("/v1/projects/:ref/database/backups/restore", async (c) => {
    const project = findProject(c.req.param("ref"));
    const { id } = await readBody(c, byId, badRequest);
    if (!(project.backups ?? []).some((backup) => backup.id === id)) throw refusal(404, "Backup not found");
    begin(project, { backup: id });
    return c.json({}, 201);
  });
  app.post("/v1/projects/:ref/database/backups/restore-pitr", async (c) => {
    const project = findProject(c.req.param("ref"));
    const { recovery_time_target_unix: target } = await readBody(c, byTime, badRequest);
    const window = windowOf(project);
    if (window === undefined) throw badRequest("PITR is not enabled for this project");
    if (target < window.earliest_physical_backup_date_unix || target > window.latest_physical_backup_date_unix)
      throw badRequest("recovery_time_target_unix is outside of the recovery window");
    const until = new Date(target * 1000);
    const base = (project.backups ?? []).findLast((backup) => Date.parse(backup.takenAt) <= until.getTime());
    begin(project, { backup: base?.id ?? 0, until: until.toISOString() });
    return c.json({}, 201);
  });

  const take = async (project: SupabaseProject) => {
    const id = 1 + Math.max(0, ...(project.backups ?? []).map((backup) => backup.id));
    await deps.postgres.saveCopy(project.ref, String(id));
    const now = deps.clock();
    const isKept = (takenAt: string) => now.getTime() - Date.parse(takenAt) < KEPT_DAYS * DAY_MS;
    const dropped = (project.backups ?? []).filter((backup) => !isKept(backup.takenAt));
    project.backups = [
      ...(project.backups ?? []).filter((backup) => isKept(backup.takenAt)),
      { id, takenAt: now.toISOString() },
    ];
    save();
    for (const backup of dropped) await deps.postgres.dropCopy(project.ref, String(backup.id));
  };
  const running = (ref: string) => {
    const project = findProject(ref);
    if (project.status !== "ACTIVE_HEALTHY") throw badRequest("Project is not active");
    return project;
  };
  return {
    takeDue: async () => {
      const lastHour = lastTwoOClock(deps.clock());
      for (const project of state.projects) {
        const newest = project.backups?.at(-1)?.takenAt ?? project.createdAt;
        if (project.status === "ACTIVE_HEALTHY" && Date.parse(newest) < lastHour.getTime()) await take(project);
      }
    },
    take: (ref) => take(running(ref)),
    enablePointInTime: async (ref) => {
      const project = running(ref);
      await deps.postgres.keepChanges(ref);
      await take(project);
      project.pointInTime = true;
      save();
    },
  };
}

function lastTwoOClock(now: Date): Date {
  const today = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate(), HOUR);
  return new Date(today <= now.getTime() ? today : today - DAY_MS);
}
