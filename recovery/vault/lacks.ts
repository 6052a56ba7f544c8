import { z } from "zod";

/** Stands among the names of what is lacking for all of a part whose names are not known. */
export const ALL = "*";

/** A storage object as a row of the snapshot names it: the same bytes have the same name, version and ETag. */
const identity = z.object({
  /** "bucket/path". */
  name: z.string(),
  version: z.string().optional(),
  etag: z.string().optional(),
});
export type ObjectIdentity = z.infer<typeof identity>;

/**
 * What a run could not have of each part, by name. A part without a line is whole. `excused` is an object whose bytes no run could have
 * had: the app has deleted or replaced it since the snapshot, or no address can hold its name. It does not count against the part.
 */
export const lacksSchema = z.object({
  storage: z.array(identity.extend({ excused: z.literal(true).optional() })).optional(),
  functions: z.array(z.string()).optional(),
  authSettings: z.array(z.string()).optional(),
  configuration: z.array(z.string()).optional(),
});
export type Lacks = z.infer<typeof lacksSchema>;
