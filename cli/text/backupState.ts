import type { VerificationLevel, VerifiedState } from "../../recovery/vault/verification.ts";

/** What a list shows of a backup's verifications. */
export interface VerifiedFacts {
  /** The highest level that a signed verification has shown, and when; absent without one. */
  verified?: { level: VerificationLevel; at: string };
  /** The newest verification if it failed. */
  failed?: { at: string; why: string };
  /** Verifications that are not signed by a trusted key for this backup. */
  unbelieved?: string[];
}

/** Selects what a list shows of the stored verifications. */
export function verifiedFacts(state: VerifiedState | undefined): VerifiedFacts {
  if (state === undefined) return {};
  const { latest, best, unbelieved } = state;
  const why =
    latest?.faults[0] ?? latest?.restore?.lines.find((line) => line.state === "not ok")?.detail ?? "no reason given";
  return {
    ...(best && { verified: { level: best.level, at: best.verifiedAt } }),
    ...(latest?.ok === false && { failed: { at: latest.verifiedAt, why } }),
    ...(unbelieved.length > 0 && { unbelieved }),
  };
}

/** A backup's state in words: how far it is proven, and every problem. `lacks` is the number of parts that services did not deliver. */
export function backupState(
  backup: VerifiedFacts & {
    proven: boolean;
    problems: readonly string[];
    lacks?: number;
    walkedPast?: readonly string[];
    datedAhead?: boolean;
  },
): string {
  const { verified, failed, unbelieved = [], lacks = 0, walkedPast = [] } = backup;
  const level =
    verified === undefined || verified.level === "proven" ? "proven" : `${verified.level} ${minute(verified.at)}`;
  return [
    ...(backup.datedAhead === true ? ["its time lies in the future, so it is never taken as the newest"] : []),
    backup.proven ? level : backup.problems.join("; "),
    ...(lacks === 0
      ? []
      : [`LACKS ${lacks === 1 ? "a part" : `${lacks} parts`} that could not be read: \`verify\` names them`]),
    ...(walkedPast.length === 0 ? [] : ["OVERWRITTEN OR DELETED in the vault: see below"]),
    ...(failed === undefined ? [] : [`verification FAILED ${minute(failed.at)}: ${failed.why}`]),
    ...(unbelieved.length === 0 ? [] : [`${unbelieved.length} verifications without a trusted signature`]),
  ].join("; ");
}

/** "2026-07-01 02:00", UTC. */
function minute(instant: string): string {
  return instant.slice(0, 16).replace("T", " ");
}
