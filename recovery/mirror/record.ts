import { z } from "zod";

const ref = z.string().regex(/^refs\//);
/** An object of git; null where a ref does not exist. */
const object = z
  .string()
  .regex(/^[0-9a-f]{40,64}$/)
  .nullable();
const change = z.object({ ref, old: object, new: object });

const recordSchema = z.object({
  format: z.literal("castchat-mirror"),
  formatVersion: z.literal(1),
  /** When the run began. */
  at: z.iso.datetime(),
  /** The source's refs that have moved since the run before, except those in quarantine. */
  updated: z.array(change),
  /** Refs that the mirror holds back: the mirror has `old`, the source `new`. */
  quarantined: z.array(change.extend({ since: z.iso.datetime(), why: z.string() })),
  /** Refs that a person has let out of quarantine in this run. */
  accepted: z.array(change),
  /** Branches that rules of the source's host protected, so that their deletion is noticed: a host shows the rules of no deleted branch. */
  protectedBranches: z.array(z.string()),
});

/** What one run has changed, and what is in quarantine after it: `record.json` of a commit of `refs/castchat/record`. */
export type MirrorRecord = z.infer<typeof recordSchema>;
export type RefChange = z.infer<typeof change>;
/** A ref that the mirror holds back. */
export type Quarantined = MirrorRecord["quarantined"][number];

/** Name of the file in the commit. */
export const RECORD_FILE = "record.json";

/** The file's text. */
export function recordText(record: Omit<MirrorRecord, "format" | "formatVersion">): string {
  return `${JSON.stringify({ format: "castchat-mirror", formatVersion: 1, ...record }, undefined, 1)}\n`;
}

/** Parses the file. Throws an Error if it is not a record that this version reads. */
export function parseRecord(text: string): MirrorRecord {
  return recordSchema.parse(JSON.parse(text));
}
