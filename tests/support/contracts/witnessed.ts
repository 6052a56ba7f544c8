import { readFile } from "node:fs/promises";

/** What is read after daemons that were watched, and of which each exchange was as described. */
export const WITHOUT_FAULT: readonly string[] = ["cloudflare", "github", "gitlab", "supabase", "vercel"];

/** The lines that the daemons' witness has written, each once. A daemon that was not watched has written none. */
export async function witnessed(file: string): Promise<readonly string[]> {
  return [...new Set((await readFile(file, "utf8")).split("\n").filter((line) => line !== ""))].sort();
}
