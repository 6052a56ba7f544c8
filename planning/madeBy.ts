import { z } from "zod";

/** What has made a report, and on which machine. */
export const MADE_BY = z.object({
  version: z.string(),
  /** SHA of the commit; "unknown" outside of a checkout. */
  commit: z.string(),
  /** True if files differed from the commit. */
  changed: z.boolean(),
  cpu: z.string(),
  cores: z.number().int(),
  memoryBytes: z.number().int(),
  system: z.string(),
  node: z.string(),
  /** Of the engine. */
  pulumi: z.string(),
  /** Of the database that was measured; absent if there was none. */
  postgres: z.string().optional(),
});
export type MadeBy = z.infer<typeof MADE_BY>;

/** The rows of a table about it. */
export function madeByRows(by: MadeBy): [what: string, by: string][] {
  const postgres = by.postgres === undefined ? [] : [`PostgreSQL ${by.postgres}`];
  return [
    [
      "Program",
      `castchat-recovery ${by.version}, commit ${by.commit}${by.changed ? ", with uncommitted changes" : ""}`,
    ],
    ["Machine", `${by.cpu}, ${by.cores} cores, ${(by.memoryBytes / 2 ** 30).toFixed(1)} GiB of memory, ${by.system}`],
    ["Versions", [`Node ${by.node}`, `Pulumi ${by.pulumi}`, ...postgres].join(", ")],
  ];
}
