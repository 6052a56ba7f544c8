import type { PlatformHoldings } from "../../recovery/restore/platform/platformBackups.ts";
import { messageOf } from "../../services/common/errors.ts";
import { shortList } from "../terminal/shortList.ts";
import { plainTable } from "../terminal/table.ts";

/** One of Supabase's own backups, or its window of point-in-time recovery, as data. */
export interface PlatformFact {
  source: "supabase";
  kind: "daily" | "point-in-time" | "warning" | "unavailable";
  ref: string;
  /** Only of a warning, and of a list that can't be read. */
  message?: string;
  /** Only of a daily backup. */
  id?: number | undefined;
  takenAt?: Date;
  status?: string;
  /** Only of the window. */
  earliest?: Date;
  latest?: Date;
}

/** Shows Supabase's own backups after the vault's. The vault's list doesn't depend on them: if they can't be read, a line says why. */
export async function showPlatform(
  ref: string,
  read: () => Promise<PlatformHoldings>,
  all = false,
): Promise<{ facts: PlatformFact[]; lines: string[] }> {
  try {
    const holdings = await read();
    return { facts: platformFacts(holdings), lines: platformLines(holdings, all) };
  } catch (error) {
    if (error instanceof Error && error.name === "AbortError") throw error;
    const message = messageOf(error);
    return {
      facts: [{ source: "supabase", kind: "unavailable", ref, message }],
      lines: [`Supabase's own backups of project ${ref} could not be listed: ${message}`],
    };
  }
}

function platformFacts({ ref, backups, window, warning }: PlatformHoldings): PlatformFact[] {
  return [
    ...(window === undefined ? [] : [{ source: "supabase", kind: "point-in-time", ref, ...window } as const]),
    ...backups.map((backup) => ({ source: "supabase", kind: "daily", ref, ...backup }) as const),
    ...(warning === undefined ? [] : [{ source: "supabase", kind: "warning", ref, message: warning } as const]),
  ];
}

function platformLines({ ref, backups, window, warning }: PlatformHoldings, all: boolean): string[] {
  const { shown, rest } = shortList(backups, { all, what: "older backups of Supabase's own are" });
  const table = plainTable(["supabase", "kind", "taken (UTC)", "state"]);
  if (window !== undefined) {
    const span = `${window.earliest.toISOString()} to ${window.latest.toISOString()}`;
    table.push(["–", "point in time", span, "any second"]);
  }
  for (const { id, takenAt, status } of shown) table.push([String(id ?? "–"), "daily", takenAt.toISOString(), status]);
  const isEmpty = backups.length === 0 && window === undefined;
  return [
    isEmpty
      ? `Supabase has no backup of its own of project ${ref}.`
      : `Supabase's own backups of project ${ref}:\n${table.toString()}`,
    ...rest,
    ...(warning === undefined ? [] : [`Warning: ${warning}`]),
  ];
}
