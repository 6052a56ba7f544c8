import pg from "pg";

/** Whether a database accepts our login. Refusal and silence both mean that it is gone. */
export async function canConnect(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3_000 });
  try {
    await client.connect();
    await client.query("select 1");
    return true;
  } catch {
    return false;
  } finally {
    await client.end();
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
