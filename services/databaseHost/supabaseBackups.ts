import { z } from "zod";

import { segment } from "../http/http.ts";
import type { JsonClient } from "../http/jsonClient.ts";
import type { DatabaseHost } from "./databaseHost.ts";

const unixSeconds = z
  .number()
  .nullish()
  .transform((seconds) => (typeof seconds === "number" ? new Date(seconds * 1000) : undefined));

const answer = z
  .object({
    pitr_enabled: z.boolean(),
    backups: z.array(
      z.object({
        id: z.number().int().optional(),
        is_physical_backup: z.boolean().optional(),
        status: z.string(),
        inserted_at: z.string().refine((text) => !Number.isNaN(Date.parse(text)), "no time"),
      }),
    ),
    physical_backup_data: z
      .object({ earliest_physical_backup_date_unix: unixSeconds, latest_physical_backup_date_unix: unixSeconds })
      .nullish(),
  })
  .transform(({ pitr_enabled, backups, physical_backup_data: physical }) => {
    const [earliest, latest] = [
      physical?.earliest_physical_backup_date_unix,
      physical?.latest_physical_backup_date_unix,
    ];
    return {
      backups: backups
        .map((backup) => ({ id: backup.id, status: backup.status, takenAt: timeOf(backup.inserted_at) }))
        .sort((a, b) => b.takenAt.getTime() - a.takenAt.getTime()),
      window: pitr_enabled && earliest && latest ? { earliest, latest } : undefined,
    };
  });

/** The calls for Supabase's own backups (https://supabase.com/docs/reference/api, "database/backups"). */
export function supabaseBackups(
  call: JsonClient,
): Pick<DatabaseHost, "platformBackups" | "restorePlatformBackup" | "restoreToInstant"> {
  const path = (ref: string): string => `/v1/projects/${segment(ref)}/database/backups`;
  return {
    platformBackups: (ref, signal) => call({ method: "GET", path: path(ref), answer, signal }),
    restorePlatformBackup: async (ref, id, signal) => {
      await call({ method: "POST", path: `${path(ref)}/restore`, body: { id }, answer: z.unknown(), signal });
    },
    restoreToInstant: async (ref, instant, signal) => {
      const body = { recovery_time_target_unix: Math.floor(instant.getTime() / 1000) };
      await call({ method: "POST", path: `${path(ref)}/restore-pitr`, body, answer: z.unknown(), signal });
    },
  };
}

/** Supabase writes some times without a zone. They are UTC. */
function timeOf(text: string): Date {
  return new Date(/(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
}
