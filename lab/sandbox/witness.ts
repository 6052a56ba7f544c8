import { pathToFileURL } from "node:url";

import type { Hono } from "hono";

/** The environment variable that names a module by its path. Only tests and the gate set it: what it needs is no part of a sandbox. */
const WITNESS = "CASTCHAT_SANDBOX_WITNESS";

/** Makes itself a witness of an emulator's requests and answers, which stay the same. */
export type Witness = (emulator: string, created: { app: Hono }) => void;

/** The witness that the environment names: its module's export `witness`. Without one, nothing is watched. */
export async function witnessOf(environment: NodeJS.ProcessEnv): Promise<Witness> {
  const path = environment[WITNESS];
  if (path === undefined || path === "") return () => undefined;
  const { witness } = (await import(pathToFileURL(path).href)) as { witness?: unknown };
  if (typeof witness !== "function") throw new Error(`${WITNESS} names ${path}, which exports no function "witness"`);
  return witness as Witness;
}
