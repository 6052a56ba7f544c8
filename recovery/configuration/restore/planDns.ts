import { isDeepStrictEqual } from "node:util";

import { z } from "zod";

import type { DnsHost, ExportedRecord } from "../../../services/dns/dnsHost.ts";
import { fieldChanges, type PlannedWrite, type RestorePlan } from "./restorePlan.ts";

/** The part `dns` of a configuration. */
export const dnsPart = z.object({
  zone: z.string(),
  records: z.array(z.looseObject({ id: z.string(), type: z.string(), name: z.string(), content: z.string() })),
});

/** Which records are put back. */
export interface DnsWish {
  zoneId: string;
  zone: string;
  stored: readonly ExportedRecord[];
  /** Names that the traffic switch owns: the public names, and their leases. Never touched. */
  ownNames: readonly string[];
  /** Only the records of these names, then also those of other managers. @default - all but those of other managers */
  names?: readonly string[] | undefined;
  /** Delete what the backup does not have. @default false */
  deleteOthers?: boolean | undefined;
}

/** Records that lead somewhere: a name has a CNAME or the others. */
const ADDRESSES: ReadonlySet<string> = new Set(["A", "AAAA", "CNAME"]);
/** By this text external-dns marks the names that it manages (https://kubernetes-sigs.github.io/external-dns, registry txt). */
const OTHER_MANAGER = /^"?heritage=/;

/** Plans which records of a zone are created, changed and deleted. A record keeps its id where it can, so that its name always has an answer. */
export async function planDns(dns: DnsHost, wish: DnsWish, signal: AbortSignal): Promise<RestorePlan> {
  const { zoneId, deleteOthers = false } = wish;
  const live = await dns.exportRecords(zoneId, signal);
  const notes: string[] = [];
  const isMeant = selection(dns, wish, live, notes);
  const fieldsOf = (record: ExportedRecord) => dns.writableFields(record);
  const [wanted, present] = [wish.stored.filter(isMeant), live.filter(isMeant)];
  const left = new Set(present);
  const take = (is: (one: ExportedRecord) => boolean) => {
    const found = [...left].find(is);
    if (found !== undefined) left.delete(found);
    return found;
  };
  const unequal = wanted.filter(
    (one) => take((other) => isDeepStrictEqual(fieldsOf(one), fieldsOf(other))) === undefined,
  );
  const isSameKind = (one: ExportedRecord, other: ExportedRecord) =>
    one.type === other.type && fold(one) === fold(other);
  const updates: PlannedWrite[] = [];
  const missing: ExportedRecord[] = [];
  for (const record of unequal) {
    const twins = [...left].filter((other) => isSameKind(record, other));
    const rivals = unequal.filter((other) => isSameKind(record, other));
    const twin = take(
      (other) => isSameKind(record, other) && (other.id === record.id || (twins.length === 1 && rivals.length === 1)),
    );
    if (twin === undefined) missing.push(record);
    else updates.push(update(dns, zoneId, twin, record));
  }
  const isInTheWay = (other: ExportedRecord) => missing.some((one) => fold(one) === fold(other) && isAlone(one, other));
  const inTheWay = [...left].filter(isInTheWay);
  const others = [...left].filter((one) => !isInTheWay(one));
  if (!deleteOthers && others.length > 0)
    notes.push(`Not in the backup, and kept: ${others.map(nameOf).join("; ")}. Add --delete-others to delete them.`);
  // What is in the way of a record goes right before it, so that its name is without an answer for one request.
  const gone = new Set<ExportedRecord>();
  const replacements = missing.flatMap((record) => {
    const before = inTheWay.filter((other) => fold(other) === fold(record) && !gone.has(other));
    for (const one of before) gone.add(one);
    return [...before.map((one) => remove(dns, zoneId, one)), create(dns, zoneId, record)];
  });
  const deletions = deleteOthers ? others.map((record) => remove(dns, zoneId, record)) : [];
  return { part: "dns", writes: [...updates, ...replacements, ...deletions], notes, size: live.length };
}

/** Which records a plan may touch. The others are named in the notes if the backup has them otherwise. */
function selection(
  dns: DnsHost,
  { zone, ownNames, names }: DnsWish,
  live: readonly ExportedRecord[],
  notes: string[],
): (record: ExportedRecord) => boolean {
  const lower = (list: readonly string[]) => new Set(list.map((one) => one.toLowerCase()));
  const [own, named] = [lower(ownNames), names && lower(names)];
  const marked = new Set(live.filter(({ type, content }) => type === "TXT" && OTHER_MANAGER.test(content)).map(fold));
  const others = new Set<string>();
  const isMeant = (record: ExportedRecord): boolean => {
    if (own.has(fold(record)) || record.type === "SOA") return false;
    if (named !== undefined) return named.has(fold(record));
    const isOther =
      dns.isManaged(record) || marked.has(fold(record)) || (record.type === "NS" && fold(record) === zone);
    if (isOther) others.add(nameOf(record));
    return !isOther;
  };
  live.forEach(isMeant);
  if (others.size > 0)
    notes.push(
      `Of another manager, and left as they are: ${[...others].sort().join("; ")}. Name them with --name to restore them.`,
    );
  notes.push(`Moved only by a recovery, and left as they are: ${[...own].sort().join(", ")}.`);
  return isMeant;
}

function isAlone(one: ExportedRecord, other: ExportedRecord): boolean {
  return ADDRESSES.has(one.type) && ADDRESSES.has(other.type) && [one.type, other.type].includes("CNAME");
}

function update(dns: DnsHost, zoneId: string, seen: ExportedRecord, record: ExportedRecord): PlannedWrite {
  const [was, now] = [dns.writableFields(seen), dns.writableFields(record)];
  return {
    action: "update",
    item: nameOf(seen),
    fields: fieldChanges(was, now),
    seen: was,
    wanted: now,
    read: (signal) => fieldsById(dns, zoneId, seen, signal),
    write: (signal) => dns.putRecord(zoneId, record, seen.id, signal),
  };
}

function create(dns: DnsHost, zoneId: string, record: ExportedRecord): PlannedWrite {
  const wanted = dns.writableFields(record);
  return {
    action: "create",
    item: nameOf(record),
    fields: fieldChanges({}, wanted),
    seen: undefined,
    wanted,
    read: async (signal) =>
      (await dns.exportRecords(zoneId, signal, record.name))
        .map((one) => dns.writableFields(one))
        .find((one) => isDeepStrictEqual(one, wanted)),
    write: (signal) => dns.putRecord(zoneId, record, undefined, signal),
  };
}

function remove(dns: DnsHost, zoneId: string, record: ExportedRecord): PlannedWrite {
  const seen = dns.writableFields(record);
  return {
    action: "delete",
    item: nameOf(record),
    fields: fieldChanges(seen, {}),
    seen,
    wanted: undefined,
    read: (signal) => fieldsById(dns, zoneId, record, signal),
    write: (signal) => dns.deleteRecord(zoneId, record.id, signal),
  };
}

async function fieldsById(dns: DnsHost, zoneId: string, { id, name }: ExportedRecord, signal: AbortSignal) {
  const found = (await dns.exportRecords(zoneId, signal, name)).find((one) => one.id === id);
  return found && dns.writableFields(found);
}

function nameOf({ type, name, content }: ExportedRecord): string {
  return `${type} ${name} ${content}`;
}

function fold({ name }: ExportedRecord): string {
  return name.toLowerCase();
}
