import type { Hono } from "hono";

import { contractFaults } from "./contract.ts";
import type { DescribedService } from "./descriptions.ts";

/** What the emulators of this process did otherwise than described, each once. */
export const contractBreaches = new Set<string>();

/** Where each emulator's API begins, and which description holds there. */
const PREFIXES: Readonly<Record<string, readonly [RegExp, DescribedService][]>> = {
  github: [[/^(?:\/api\/v3)?(?=\/(?:user|users|orgs|repos)\b)/, "github"]],
  gitlab: [[/^\/api\/v4(?=\/)/, "gitlab"]],
  vercel: [[/^(?=\/v\d+\/)/, "vercel"]],
  cloudflare: [[/^\/client\/v4(?=\/)/, "cloudflare"]],
  supabase: [
    [/^(?=\/v1\/)/, "supabase"],
    [/^\/projects\/[^/]+(?=\/auth\/v1\/)/, "supabaseAuth"],
  ],
};

/** Makes an emulator note what in an exchange breaks the contract; its answers stay the same. */
export function underContract<E extends { app: Hono }>(
  emulator: keyof typeof PREFIXES,
  created: E,
  note: (fault: string) => void = (fault) => void contractBreaches.add(fault),
): E {
  const { app } = created;
  const serve = app.fetch;
  app.fetch = async (request, ...rest) => {
    const url = new URL(request.url);
    const [found] = (PREFIXES[emulator] ?? []).filter(([prefix]) => prefix.test(url.pathname));
    if (found === undefined) return serve(request, ...rest);
    const [prefix, service] = found;
    const sent = isJson(request) || isText(request) ? jsonOf(request.clone()) : undefined;
    const response = await serve(request, ...rest);
    const faults = contractFaults({
      service,
      method: request.method,
      path: url.pathname.replace(prefix, "").replace(/\/+$/, ""),
      query: url.searchParams,
      body: await sent,
      status: response.status,
      answer: isJson(response) ? await jsonOf(response.clone()) : undefined,
    });
    for (const fault of faults) note(fault);
    return response;
  };
  return created;
}

const typeOf = ({ headers }: Request | Response): string => headers.get("content-type") ?? "";
const isJson = (message: Request | Response): boolean => typeOf(message).startsWith("application/json");
/** A test's own requests often name no type. */
const isText = (message: Request): boolean => typeOf(message).startsWith("text/plain");

async function jsonOf(message: Request | Response): Promise<unknown> {
  const text = await message.text();
  try {
    return text === "" ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}
