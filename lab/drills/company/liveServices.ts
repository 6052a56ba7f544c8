import { addressOf, type SandboxFile, type Service } from "../../sandbox/host/layout.ts";

/** Calls a service's own API, as a founder's browser or command line does: without the product's clients, whose faults could hide here. */
export type AskService = (
  method: "GET" | "POST" | "PATCH" | "DELETE",
  path: string,
  body?: object,
  headers?: Readonly<Record<string, string>>,
) => Promise<unknown>;

/** The services of the company, each with its account's token. */
export interface LiveServices {
  supabase: AskService;
  vercel: AskService;
  cloudflare: AskService;
  github: AskService;
}

/** The sandbox's services. A refusal is an error with the service's answer. */
export function liveServices(file: SandboxFile, signal?: AbortSignal): LiveServices {
  const { supabaseToken, vercelToken, cloudflareToken, githubToken } = file.credentials;
  const at = (service: Service, prefix: string, token: string): AskService => {
    const address = `${addressOf(file.ports, service)}${prefix}`;
    return async (method, path, body, more) => {
      const headers = { authorization: `Bearer ${token}`, "content-type": "application/json", ...more };
      const sent = body && { body: Buffer.isBuffer(body) ? new Uint8Array(body) : JSON.stringify(body) };
      const answer = await fetch(`${address}${path}`, { method, headers, ...sent, ...(signal && { signal }) });
      if (!answer.ok) throw new Error(`${method} ${path} was answered with ${answer.status}: ${await answer.text()}`);
      return answer.status === 204 ? undefined : await answer.json();
    };
  };
  return {
    supabase: at("supabase", "/v1", supabaseToken),
    vercel: at("vercel", "", vercelToken),
    cloudflare: at("cloudflare", "/client/v4", cloudflareToken),
    github: at("github", "/api/v3", githubToken),
  };
}
