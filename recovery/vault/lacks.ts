import { z } from "zod";

/** Stands for all of a part whose missing names are unknown. */
export const ALL = "*";

/** A storage object as its row in the snapshot identifies it: the same bytes have the same name, version and ETag. */
const identity = z.object({
  /** "bucket/path". */
  name: z.string(),
  version: z.string().optional(),
  etag: z.string().optional(),
});
export type ObjectIdentity = z.infer<typeof identity>;

/**
 * What a run could not read of each part, by name. A part without an entry is complete. An `excused` object does not count as missing: the
 * app has deleted or replaced it since the snapshot, or no URL can hold its name.
 */
export const lacksSchema = z.object({
  storage: z.array(identity.extend({ excused: z.literal(true).optional() })).optional(),
  functions: z.array(z.string()).optional(),
  authSettings: z.array(z.string()).optional(),
  configuration: z.array(z.string()).optional(),
  /** "project NAME" of each variable whose value no one has: the host shows none, and none is sealed. Nothing counts as missing for it. */
  variables: z.array(z.string()).optional(),
});
export type Lacks = z.infer<typeof lacksSchema>;
