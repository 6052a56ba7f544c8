import { isDeepStrictEqual } from "node:util";

import { type Check, megabytes } from "../report/report.ts";
import type { ProjectSnapshot, StoredObject } from "./projectSnapshot.ts";

/** Number of differences that a check names; the others are counted. */
const MOST_TOLD = 5;

/**
 * Compares a project's content outside its database with the content before: a check for each kind. A check also fails if there was nothing
 * before, because it would then prove nothing. Checks name items, and never show a value.
 */
export function compareProjects(before: ProjectSnapshot, after: ProjectSnapshot): Check[] {
  const objects = Object.values(before.objects);
  const bytes = objects.reduce((sum, object) => sum + object.bytes, 0);
  return [
    check(
      "every storage object is as before, byte for byte",
      `${count(objects.length, "storage object")}, ${megabytes(bytes)}: every byte the same (SHA-256)`,
      objects.length,
      [...withoutBytes(before.objects), ...differing(before.objects, after.objects, objectFault)],
    ),
    check(
      "every edge function is as before, code and settings",
      `${count(Object.keys(before.functions).length, "edge function")} the same (SHA-256)`,
      Object.keys(before.functions).length,
      differing(before.functions, after.functions, (a, b) =>
        a.code !== b.code ? "has other code" : a.settings !== b.settings ? "has other settings" : undefined,
      ),
    ),
    check(
      "every setting of the auth service is as before",
      `${count(Object.keys(before.authSettings).length, "auth setting")} the same (SHA-256)`,
      Object.keys(before.authSettings).length,
      differing(before.authSettings, after.authSettings, otherValue),
    ),
    check(
      "every secret of the vault decrypts to what it was",
      `${count(Object.keys(before.vaultSecrets).length, "vault secret")} the same (SHA-256 of the decrypted value)`,
      Object.keys(before.vaultSecrets).length,
      differing(before.vaultSecrets, after.vaultSecrets, otherValue),
    ),
  ];
}

function check(name: string, same: string, compared: number, faults: readonly string[]): Check {
  if (compared === 0) return { name, ok: false, detail: "there was none before, so nothing is proven" };
  if (faults.length === 0) return { name, ok: true, detail: same };
  return {
    name,
    ok: false,
    detail: `${count(faults.length, "difference")}: ${faults.slice(0, MOST_TOLD).join("; ")}`,
  };
}

function withoutBytes(objects: Record<string, StoredObject>): string[] {
  return Object.entries(objects)
    .filter(([, object]) => object.sha256 === undefined)
    .map(([name]) => `${name} had a row and no bytes before`);
}

function objectFault(a: StoredObject, b: StoredObject): string | undefined {
  if (isDeepStrictEqual(a, b)) return undefined;
  if (b.sha256 === undefined) return "has a row and no bytes";
  if (a.bytes !== b.bytes) return `has ${b.bytes} bytes, not ${a.bytes}`;
  return a.sha256 === b.sha256 ? `is ${b.contentType}, not ${a.contentType}` : "has other bytes";
}

function otherValue(a: string, b: string): string | undefined {
  return a === b ? undefined : "has another value";
}

function differing<T>(
  before: Record<string, T>,
  after: Record<string, T>,
  fault: (a: T, b: T) => string | undefined,
): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name) => {
    const [a, b] = [before[name], after[name]];
    const what = b === undefined ? "is missing" : a === undefined ? "has appeared" : fault(a, b);
    return what === undefined ? [] : [`${name} ${what}`];
  });
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
