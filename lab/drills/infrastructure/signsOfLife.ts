import { withClient } from "../../sandbox/postgres/client.ts";

/** Whether a database accepts our login. Refusal and silence both mean that it is gone. */
export async function canConnect(url: string): Promise<boolean> {
  try {
    await withClient(url, (client) => client.query("select 1"), { connectionTimeoutMillis: 3_000 });
    return true;
  } catch {
    return false;
  }
}

/** Whether anything answers at an address. */
export async function answers(address: string): Promise<boolean> {
  try {
    await fetch(address, { signal: AbortSignal.timeout(3_000) });
    return true;
  } catch {
    return false;
  }
}
