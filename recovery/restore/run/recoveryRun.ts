import type { RestoredParts } from "../../../planning/restoredParts.ts";
import type { Clock } from "../../../services/common/clock.ts";
import { type Phase, PhaseTimer } from "../../../services/common/phases.ts";
import type { Reporter } from "../../../services/common/reporter.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import { nameOf } from "../../postgres/session/confirmation.ts";
import type { Session } from "../../postgres/session/database.ts";
import type { Manifest } from "../../vault/manifest.ts";
import { appendRecoveryLog, type RecoveryLogEntry } from "../../vault/recoveryLog.ts";
import { explainTargetFault } from "./restoreFaults.ts";
import { applicationNameOf, holdTarget } from "./restoreTarget.ts";

/** What runs, where, and which vault's recovery log records it. */
export interface RecoveryRunOptions extends Pick<RecoveryLogEntry, "what"> {
  /** The leading session in the target database, whose faults are explained, or only the target's name. */
  target: Session | string;
  vault: Vault;
  clock: Clock;
  reporter: Reporter;
  /** @default true */
  isLogged?: boolean;
}

/** What identifies a run that has begun, and so belongs in the recovery log. */
export type BegunRun = Pick<RecoveryLogEntry, "restoreId" | "backupId" | "source"> &
  Partial<Pick<RecoveryLogEntry, "by">>;

/** Runs one phase of a restore: notes it, reports the sentence and measures the time. */
export type RunPhase = <T>(name: string, sentence: string, work: () => Promise<T>) => Promise<T>;

/** A recovery that runs: its phases, its times and its notes. */
export class RecoveryRun {
  readonly timer: PhaseTimer;
  readonly startedAt: Date;
  /** Sentences for the log, even if the run fails. */
  readonly notes: string[] = [];
  /** The restored parts outside the database. */
  parts?: RestoredParts;
  readonly #options: RecoveryRunOptions;
  readonly #startedMs = performance.now();
  #begun: BegunRun | undefined;

  constructor(options: RecoveryRunOptions) {
    this.#options = options;
    this.timer = new PhaseTimer(options.reporter);
    this.startedAt = options.clock();
  }

  /** Milliseconds since the start. */
  get durationMs(): number {
    return Math.round(performance.now() - this.#startedMs);
  }

  get begun(): BegunRun | undefined {
    return this.#begun;
  }

  /** Says what the run works with. A run that ends before this call is not logged. */
  begin(begun: BegunRun): void {
    this.#begun = begun;
  }

  /** Runs phases that the target records by `note`. A run that resumes an interrupted one notes none before the phase that it resumes. */
  phases(resumedAt: string | undefined, note: (name: string, before: readonly Phase[]) => Promise<void>): RunPhase {
    let isThere = resumedAt === undefined;
    return async (name, sentence, work) => {
      isThere ||= name === resumedAt;
      if (isThere) await note(name, this.timer.phases);
      return await this.timer.run(name, sentence, work);
    };
  }

  /** The part of the result that every kind of restore has. */
  resultOf(restoreId: string, { backupId, snapshotAt }: Manifest) {
    return { restoreId, backupId, snapshotAt, phases: this.timer.phases, durationMs: this.durationMs };
  }

  /** Appends the run to the recovery log. Returns a sentence if the log could not be written. */
  async log(notes: readonly string[], failure?: unknown): Promise<string | undefined> {
    const { what, target, vault, clock, isLogged = true } = this.#options;
    if (!isLogged || this.#begun === undefined) return undefined;
    return await appendRecoveryLog(vault, clock, {
      what,
      by: applicationNameOf(this.#begun.restoreId),
      ...this.#begun,
      target: typeof target === "string" ? target : nameOf(target.address),
      startedAt: this.startedAt,
      phases: this.timer.phases,
      durationMs: this.durationMs,
      ...(this.parts && { parts: this.parts }),
      notes,
      ...(failure === undefined ? {} : { failure }),
    });
  }
}

/**
 * Runs a recovery of any kind, explains the target's faults, and appends the outcome to the vault's recovery log. If the log could not be
 * written, the result gets a note; if the run has failed, the reporter gets it.
 */
export async function recoveryRun<R extends { notes: string[] }>(
  options: RecoveryRunOptions,
  work: (run: RecoveryRun) => Promise<R>,
): Promise<R> {
  const { target, reporter } = options;
  const run = new RecoveryRun(options);
  let result: R;
  try {
    result = await work(run);
  } catch (error) {
    const explained = typeof target === "string" ? error : explainTargetFault(error, target.address);
    const note = await run.log(run.notes, explained);
    if (note !== undefined) reporter(note);
    throw explained;
  }
  const note = await run.log(result.notes);
  return note === undefined ? result : { ...result, notes: [...result.notes, note] };
}

/**
 * Takes the target for this restore. Returns the record of an earlier run, which is read once no other restore can change it. UserError if
 * another restore works on the target.
 */
export async function claimTarget<R>(
  session: Session,
  restoreId: string,
  find: () => Promise<R | undefined>,
  signal: AbortSignal,
): Promise<R | undefined> {
  await holdTarget(session, restoreId, (await find()) !== undefined, signal);
  return await find();
}
