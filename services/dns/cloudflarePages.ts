import { z } from "zod";

/** A zone holds at most 200 000 records; a listing longer than this is a fault of the service. */
const MOST_PAGES = 2000;

/** What Cloudflare says of the pages of a list. */
export const pageInfo = z.object({ total_pages: z.number().optional() }).nullish();

/** The entries of every page; a list without a number of pages has one. */
export async function allPages<T>(
  read: (page: number) => Promise<{ result: T[]; result_info?: z.output<typeof pageInfo> }>,
): Promise<T[]> {
  const found: T[] = [];
  for (let page = 1; page <= MOST_PAGES; page += 1) {
    const one = await read(page);
    found.push(...one.result);
    if (page >= (one.result_info?.total_pages ?? 1)) break;
  }
  return found;
}
