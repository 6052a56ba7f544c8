import type { VerificationLevel, VerifiedState } from "../../recovery/vault/verification.ts";

/** What a list tells of a backup's verifications. */
export interface VerifiedFacts {
  /** The highest level that a signed verification has shown, and when; absent where there was none. */
  verified?: { level: VerificationLevel; at: string };
  /** The newest verification where it did not pass. */
  failed?: { at: string; why: string };
  /** Objects among the verifications that no trusted key has signed for this backup. */
  unbelieved?: string[];
}

/** What is worth telling of what was read. */
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

/**
 * A backup's state in words: how far it is proven, and everything that speaks against it. `lacks` counts what its services did not
 * give.
 */
export function backupState(
  backup: VerifiedFacts & {
    proven: boolean;
    problems: readonly string[];
    lacks?: number;
    walkedPast?: readonly string[];
  },
): string {
  const { verified, failed, unbelieved = [], lacks = 0, walkedPast = [] } = backup;
  const level =
    verified === undefined || verified.level === "proven" ? "proven" : `${verified.level} ${minute(verified.at)}`;
  return [
    backup.proven ? level : backup.problems.join("; "),
    ...(lacks === 0
      ? []
      : [`LACKS ${lacks === 1 ? "a part" : `${lacks} parts`} that could not be had: \`verify\` names them`]),
    ...(walkedPast.length === 0 ? [] : ["WRITTEN OVER OR DELETED in the vault: see below"]),
    ...(failed === undefined ? [] : [`verification FAILED ${minute(failed.at)}: ${failed.why}`]),
    ...(unbelieved.length === 0 ? [] : [`${unbelieved.length} verifications that no trusted key has signed for it`]),
  ].join("; ");
}

/** "2026-07-01 02:00", UTC. */
function minute(instant: string): string {
  return instant.slice(0, 16).replace("T", " ");
}
