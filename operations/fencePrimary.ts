import { messageOf } from "../clients/errors.ts";
import type { Reporter } from "../clients/reporter.ts";
import type { Supabase } from "../clients/supabase.ts";
import type { Vercel } from "../clients/vercel.ts";

/** Whether a part of the primary was stopped, and if not, why. */
export interface FenceResult {
  part: "database" | "application";
  fenced: boolean;
  /** What was done, or why it could not be. */
  reason: string;
}

/**
 * Tries to stop the primary's database and application, so that nobody writes to what is about to be left behind. Never
 * throws, except when aborted: a primary that is lost can't be fenced, and a recovery must not wait for it; the result
 * says so. Both pauses are undone by hand in Supabase and Vercel (a paused project keeps its data).
 */
export async function fencePrimary(
  ports: { supabase: Supabase; vercel: Vercel },
  primary: { supabaseRef?: string; vercelProjectId?: string },
  signal: AbortSignal,
  reporter: Reporter,
): Promise<FenceResult[]> {
  const { supabaseRef, vercelProjectId } = primary;
  const results = await Promise.all([
    attempt("database", supabaseRef, (ref) => ports.supabase.pauseProject(ref, signal)),
    attempt("application", vercelProjectId, (id) => ports.vercel.pauseProject(id, signal)),
  ]);
  signal.throwIfAborted();
  for (const { part, fenced, reason } of results) {
    reporter(fenced ? `fenced the primary's ${part}: ${reason}` : `could not fence the primary's ${part}: ${reason}`);
  }
  return results;
}

async function attempt(
  part: FenceResult["part"],
  id: string | undefined,
  pause: (id: string) => Promise<void>,
): Promise<FenceResult> {
  if (id === undefined) return { part, fenced: false, reason: "the settings do not name it" };
  try {
    await pause(id);
    return { part, fenced: true, reason: `${id} is paused` };
  } catch (error) {
    return { part, fenced: false, reason: messageOf(error) };
  }
}
