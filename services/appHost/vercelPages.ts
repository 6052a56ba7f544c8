import { z } from "zod";

import type { JsonClient } from "../http/jsonClient.ts";

/** More pages than any account has. A longer listing is a fault of the service. */
const MOST_PAGES = 1000;
const PAGE_SIZE = 100;

const pagination = z.object({ next: z.union([z.number(), z.string()]).nullish() }).nullish();

/** A list of Vercel that comes in pages. */
export interface VercelList<T> {
  path: string;
  /** The field of the answer that holds the entries. */
  field: string;
  entry: z.ZodType<T>;
  /** The parameter that takes the `next` of the page before: `from` for projects, `until` elsewhere. */
  cursor: "from" | "until";
  signal?: AbortSignal | undefined;
}

/**
 * Every entry of a list. Sources: https://vercel.com/docs/rest-api/projects/retrieve-a-list-of-projects (`from`),
 * https://vercel.com/docs/rest-api/teams/list-all-teams and
 * https://vercel.com/docs/rest-api/projects/retrieve-project-domains-by-project-by-id-or-name (`until`).
 */
export async function allPages<T>(call: JsonClient, { path, field, entry, cursor, signal }: VercelList<T>) {
  const answer = z.looseObject({ pagination }).transform((page, context) => {
    const entries = z.array(entry).safeParse(page[field]);
    if (entries.success) return { entries: entries.data, next: page.pagination?.next ?? undefined };
    for (const { path: place, message } of entries.error.issues)
      context.addIssue({ code: "custom", path: [field, ...place], message });
    return z.NEVER;
  });
  const found: T[] = [];
  let next: string | number | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const query = { limit: PAGE_SIZE, [cursor]: next };
    const listed = await call({ method: "GET", path, query, answer, signal });
    found.push(...listed.entries);
    next = listed.next;
    if (next === undefined) break;
  }
  return found;
}
