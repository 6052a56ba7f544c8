import { z } from "zod";

import type { Check } from "../report/report.ts";
import type { Damage } from "./damage.ts";

const point = z.object({ backupId: z.string(), at: z.string() });

/** The part of `castchat-recovery assess --json` that the drill compares with the actual damage. */
export const assessmentSchema = z.object({
  backupId: z.string(),
  isDamaged: z.boolean(),
  tables: z.array(
    z.object({
      schema: z.string(),
      name: z.string(),
      state: z.enum(["same", "changed", "missing", "new"]),
      rowsInBackup: z.number().optional(),
      lost: z.number().optional(),
      altered: z.number().optional(),
      added: z.number().optional(),
      history: z.object({ sameAsReferenceUntil: point, asNowSince: point.optional() }).optional(),
    }),
  ),
  definitions: z.object({
    missing: z.array(z.string()),
    altered: z.array(z.string()),
    added: z.array(z.string()),
  }),
});
export type AssessmentAnswer = z.infer<typeof assessmentSchema>;

/**
 * Checks that an assessment has found exactly the damage: every altered row and no other, the dropped table and no other, since the backup.
 */
export function judgeAssessment(found: AssessmentAnswer, damage: Damage, backupId: string): Check[] {
  const nameOf = ({ schema, name }: { schema: string; name: string }) => `${schema}.${name}`;
  const missing = found.tables.filter((table) => table.state === "missing");
  const altered = Object.fromEntries(
    found.tables
      .filter((table) => table.state === "changed" && table.lost !== 0)
      .map((table) => [nameOf(table), table]),
  );
  const faults = [
    ...Object.entries(damage.altered)
      .filter(([table, rows]) => altered[table]?.altered !== rows || altered[table].lost !== rows)
      .map(([table, rows]) => `${table}: ${altered[table]?.lost ?? "no"} rows found, ${rows} altered`),
    ...Object.keys(altered)
      .filter((table) => damage.altered[table] === undefined)
      .map((table) => `${table} was not touched`),
  ];
  const [dropped] = missing;
  const isDroppedAlone = missing.length === 1 && dropped !== undefined && nameOf(dropped) === damage.dropped.table;
  const gone = damage.dropped.table.split(".")[1] ?? "";
  const otherDefinitions = [
    ...found.definitions.missing.filter((name) => !name.includes(gone)),
    ...found.definitions.altered,
  ];
  const histories = [...Object.values(altered), ...missing].map((table) => table.history);
  const isSinceBackup =
    histories.length > 0 &&
    histories.every(
      (history) => history?.sameAsReferenceUntil.backupId === backupId && history.asNowSince === undefined,
    );
  return [
    {
      name: "the assessment counts exactly the rows that were altered",
      ok: found.isDamaged && faults.length === 0,
      detail:
        faults.length === 0
          ? Object.entries(damage.altered)
              .map(([table, rows]) => `${table} ${rows}`)
              .join(", ")
          : faults.join("; "),
    },
    {
      name: "it names the dropped table, and no other table's definition",
      ok: isDroppedAlone && otherDefinitions.length === 0,
      detail: [`missing: ${missing.map(nameOf).join(", ") || "nothing"}`, ...otherDefinitions.slice(0, 5)].join("; "),
    },
    {
      name: "it reports since when: the backup holds everything undamaged, and no backup holds the damage",
      ok: found.backupId === backupId && isSinceBackup,
      detail: `compared with ${found.backupId}`,
    },
  ];
}
