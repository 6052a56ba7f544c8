import { z } from "zod";

import { segment, unlessNotFound } from "../http/http.ts";
import { jsonClient } from "../http/jsonClient.ts";
import { GITHUB_GIT } from "./git.ts";

/** GitHub's REST API, as published. */
const GITHUB_API = "https://api.github.com";

/** What the product asks of GitHub beside git itself. Every call throws ServiceError or UnreachableError (services/http/http.ts). */
export interface Github {
  /** A repository's settings as GitHub gives them; nothing when it does not exist. */
  repository(fullName: string, signal?: AbortSignal): Promise<Record<string, unknown> | undefined>;
}

/** Where and as whom GitHub is spoken to. */
export interface GithubOptions {
  token: string;
  /** Address of a GitHub Enterprise server, whose API lies under `/api/v3`; github.com by default. */
  endpoint?: string | undefined;
  timeoutMs?: number;
  retryDelayMs?: number;
}

/** A client of GitHub's REST API (fields and paths: https://docs.github.com/rest). */
export function githubClient(options: GithubOptions): Github {
  const endpoint = (options.endpoint ?? GITHUB_GIT).replace(/\/+$/, "");
  const call = jsonClient({
    service: "GitHub",
    baseUrl: endpoint === GITHUB_GIT ? GITHUB_API : `${endpoint.replace(/\/api\/v3$/, "")}/api/v3`,
    token: options.token,
    tokenName: "GITHUB_TOKEN",
    describeError: (body) => errorAnswer.safeParse(body).data ?? {},
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    ...(options.retryDelayMs === undefined ? {} : { retryDelayMs: options.retryDelayMs }),
  });
  return {
    repository: (fullName, signal) => {
      const path = `/repos/${fullName.split("/").map(segment).join("/")}`;
      return unlessNotFound(call({ method: "GET", path, answer: z.record(z.string(), z.unknown()), signal }));
    },
  };
}

const errorAnswer = z.object({ message: z.string().optional() });
