import { madeByRows } from "../../planning/madeBy.ts";
import { leftOutLines } from "../../recovery/backup/leftOutText.ts";
import { CHECKLIST } from "../../recovery/vault/verification.ts";
import { stateOf } from "../../recovery/verify/testRestore/checklist.ts";
import { nameOf, type VerifyResult } from "../../recovery/verify/verify.ts";
import { visible } from "../../services/common/visibleText.ts";
import { plainTable } from "../terminal/table.ts";

/** Width of the checklist's columns, so that the table fits a wide terminal. */
const COLUMN_WIDTHS = [13, 30, 86];

/** A verification as text: what was read, what is wrong, the checklist, and the verdict. */
export function verificationLines(result: VerifyResult): string[] {
  return [
    whatWasRead(result),
    ...result.passedOver.map(visible),
    ...leftOutLines(result.leftOut),
    ...result.faults.map((fault) => `  not ok: ${fault}`),
    ...(result.walkedPast ?? []).map((clause) => `  passed over: ${clause}`),
    ...(result.restore === undefined ? [] : restoreLines(result.restore)),
    ...(result.restore === undefined || result.madeBy === undefined
      ? []
      : madeByRows(result.madeBy).map(([what, by]) => `${what}: ${by}`)),
    outcome(result),
    ...(result.storedAs === undefined ? [] : [`The signed result is stored as ${result.storedAs}.`]),
  ];
}

function whatWasRead(result: VerifyResult): string {
  const all = `${result.tables} tables, ${result.rows} rows`;
  const size = `${result.objects} of ${result.parts} objects, ${(result.sizeBytes / 1e6).toFixed(1)} MB`;
  const share = result.share === undefined ? "" : `, share ${nameOf(result.share)}`;
  const sealed = result.isDecrypted
    ? ""
    : "; without an identity, rows were not decrypted: only sizes and SHA-256 were checked";
  return `Backup ${result.backupId} (${all}) was read: ${size}${share}${sealed}.`;
}

function restoreLines(restore: NonNullable<VerifyResult["restore"]>): string[] {
  const table = plainTable(["", "checked", "what was done"], { colWidths: COLUMN_WIDTHS, wordWrap: true });
  for (const item of CHECKLIST) {
    const state = stateOf(restore.lines, item);
    table.push([
      { colSpan: 3, content: `${item}: ${state === "partly" ? "ok as far as it can be checked here" : state}` },
    ]);
    for (const line of restore.lines.filter((one) => one.item === item))
      table.push([line.state, line.what, line.detail]);
  }
  return [`Test restore into ${restore.throwaway}, which is removed:`, table.toString(), ...restore.notes.map(visible)];
}

function outcome(result: VerifyResult): string {
  if (!result.ok) return `Backup ${result.backupId} did NOT pass.`;
  if (result.share !== undefined) return `Nothing is wrong with share ${nameOf(result.share)}.`;
  if (!result.isDecrypted) return `Backup ${result.backupId} has the sizes and hashes of its manifest.`;
  const words = {
    proven: "whole",
    "decrypt-proven": "whole, and can be decrypted (decrypt-proven)",
    "restored-proven": "whole, and can be restored (restored-proven)",
  } as const;
  return `Backup ${result.backupId} is ${words[result.level ?? "proven"]}.`;
}
