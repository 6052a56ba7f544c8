import { createHmac, randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";

import { missingIn, type MissingPart } from "../vault/configurationPart.ts";
import type { VariableValues } from "../vault/variableValuesPart.ts";
import { Fingerprint, isRecord, itemsOf } from "./configurationItems.ts";
import { LEFT_OUT } from "./withoutSecrets.ts";

/** One difference between a backup of the configuration and now. A secret is a fingerprint that holds for this report only. */
export interface Difference {
  part: string;
  item: string;
  /** "" if all of the item was added or removed since the backup. */
  field: string;
  change: "added" | "removed" | "changed";
  was?: unknown;
  now?: unknown;
}

/** A configuration with the values of variables, which are secret. */
export interface WithValues {
  configuration: unknown;
  values?: VariableValues | undefined;
}

/** What is compared. */
export interface Comparison {
  stored: WithValues;
  now: WithValues;
  /** Names of parts now, by their names in the backup, where they differ: a standby's project has another name. */
  renamed?: ReadonlyMap<string, string> | undefined;
  /** Parts of the backup that are of another stack. */
  foreign?: readonly string[] | undefined;
  /** Whether only a host writes a field, by its path. */
  isStatus: (part: string, field: string) => boolean;
}

/** The comparison by part, item and field. */
export interface ComparedConfiguration {
  differences: Difference[];
  /** Parts that were compared, sorted. */
  compared: string[];
  /** Parts that were not, and why. */
  notCompared: MissingPart[];
  /** Secrets that no backup holds, so that nothing can be said of them: "part item field". */
  unknown: string[];
}

/** Fields of a configuration that are no part. */
const NO_PART: ReadonlySet<string> = new Set(["format", "takenAt", "missing", "from", "variableValues"]);
/** Characters of a fingerprint: short enough to read, long enough that two of a report are never equal by chance. */
const FINGERPRINT_LENGTH = 12;

/** Compares a backup of the configuration with the present one. Its key for fingerprints is random, so that no reader of a report can check a guess by them. */
export function compareConfigurations(comparison: Comparison): ComparedConfiguration {
  const { stored, now, renamed = new Map<string, string>(), foreign = [] } = comparison;
  const key = randomBytes(32);
  const fingerprint = (secret: string) =>
    new Fingerprint(createHmac("sha256", key).update(secret).digest("hex").slice(0, FINGERPRINT_LENGTH));
  const [before, after] = [partsOf(stored.configuration), partsOf(now.configuration)];
  const unread = new Map(missingIn(now.configuration).map(({ part, reason }) => [part, reason]));
  const result: ComparedConfiguration = { differences: [], compared: [], notCompared: [], unknown: [] };
  const seen = new Set<string>();
  for (const [part, content] of before) {
    const present = renamed.get(part) ?? part;
    seen.add(present);
    const reason = foreign.includes(part) ? "the backup has that of another stack" : unread.get(present);
    if (reason !== undefined) result.notCompared.push({ part, reason });
    else if (after.has(present)) {
      const valuesOf = ({ values }: WithValues, name: string) =>
        values?.applications[name.replace(/^application /, "")];
      const [had, has] = [valuesOf(stored, part), valuesOf(now, present)];
      const isStatus = (field: string) => comparison.isStatus(part, field);
      const common = { isStatus, fingerprint };
      comparePart(
        part,
        itemsOf(part, content, { ...common, ...(has && { values: had }) }),
        itemsOf(part, after.get(present), { ...common, ...(had && { values: has }) }),
        result,
      );
      result.compared.push(part);
    } else result.notCompared.push({ part, reason: "the stack's settings do not name it" });
  }
  for (const part of [...after.keys(), ...unread.keys()])
    if (!seen.has(part)) result.notCompared.push({ part, reason: unread.get(part) ?? "the backup does not hold it" });
  result.compared.sort();
  return result;
}

function comparePart(
  part: string,
  before: ReturnType<typeof itemsOf>,
  after: ReturnType<typeof itemsOf>,
  { differences, unknown }: ComparedConfiguration,
): void {
  for (const item of new Set([...before.keys(), ...after.keys()])) {
    const [was, is] = [before.get(item), after.get(item)];
    if (was === undefined || is === undefined) {
      differences.push({ part, item, field: "", change: was === undefined ? "added" : "removed" });
      continue;
    }
    for (const field of new Set([...was.keys(), ...is.keys()])) {
      const [old, fresh] = [was.get(field) ?? undefined, is.get(field) ?? undefined];
      if (old === LEFT_OUT && fresh === LEFT_OUT) unknown.push(`${part} ${item} ${field}`);
      else if (!isDeepStrictEqual(old, fresh)) {
        const change = old === undefined ? "added" : fresh === undefined ? "removed" : "changed";
        differences.push({ part, item, field, change, was: shown(old), now: shown(fresh) });
      }
    }
  }
}

function shown(value: unknown): unknown {
  return value instanceof Fingerprint ? `fingerprint ${value.text}` : value;
}

function partsOf(configuration: unknown): Map<string, unknown> {
  const parts = isRecord(configuration) ? Object.entries(configuration) : [];
  return new Map(parts.filter(([part, content]) => !NO_PART.has(part) && content !== undefined));
}
