import type { JsonClient, JsonRequest } from "../http/jsonClient.ts";

/**
 * The most entries that a page holds, at GitHub and at GitLab. Sources: https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api
 * and https://docs.gitlab.com/api/rest/#pagination.
 */
const PAGE_SIZE = 100;
/** A longer listing is a fault of the service. */
const MOST_PAGES = 1000;

/** The entries of a listing's pages up to the first empty one. */
export async function everyPage<T>(
  call: JsonClient,
  listing: Pick<JsonRequest<T[]>, "path" | "query" | "answer" | "signal">,
): Promise<T[]> {
  const found: T[] = [];
  for (let page = 1; page <= MOST_PAGES; page += 1) {
    const query = { ...listing.query, per_page: PAGE_SIZE, page };
    const listed = await call({ ...listing, method: "GET", query });
    if (listed.length === 0) break;
    found.push(...listed);
  }
  return found;
}
