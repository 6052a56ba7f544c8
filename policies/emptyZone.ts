import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Cloudflare's answer if an account has no zone of that name. */
const NOTHING = { success: true, errors: [], messages: [], result: [], result_info: { page: 1, total_pages: 1 } };

/**
 * Serves an account of Cloudflare without any zone on this machine while an action runs. A preview of a recovery asks who holds the public
 * name; here the answer is that no stack does.
 *
 * @param action receives the address
 */
export async function withEmptyZone<T>(action: (address: string) => Promise<T>): Promise<T> {
  const server = createServer((_request, response) => {
    response.setHeader("content-type", "application/json").end(JSON.stringify(NOTHING));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  try {
    return await action(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
