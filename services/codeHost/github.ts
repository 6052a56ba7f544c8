import { z } from "zod";

import { segment, unlessNotFound } from "../http/http.ts";
import { jsonClient } from "../http/jsonClient.ts";
import type { RemoteService, ServiceAccess } from "../http/remoteService.ts";
import type { CodeHost } from "./codeHost.ts";
import { originOf } from "./git.ts";
import { githubContent } from "./githubContent.ts";

/** GitHub, and the variable with its token. */
export const GITHUB = { name: "GitHub", tokenName: "GITHUB_TOKEN" } as const satisfies RemoteService;

/** GitHub's addresses: of its REST API, as published, and of git over HTTPS. */
const GITHUB_API = "https://api.github.com";
const GITHUB_GIT = "https://github.com";
/** GitHub takes any token with this name. */
const USERNAME = "x-access-token";

/** Owner and name. A part that is only dots would change the path in the API. */
const FULL_NAME = /^(?!\.+\/)[^/]+\/(?!\.+$)[^/]+$/;

const repositoryAnswer = z.record(z.string(), z.unknown());
const errorAnswer = z.object({ message: z.string().optional() });

/**
 * Repositories on GitHub (fields and paths: https://docs.github.com/rest). An endpoint is the address of a GitHub Enterprise server, whose
 * API lies under `/api/v3`.
 */
export function githubCode(access: ServiceAccess): CodeHost {
  const endpoint = (access.endpoint ?? GITHUB_GIT).replace(/\/+$/, "");
  const call = jsonClient({
    ...GITHUB,
    ...access,
    baseUrl: endpoint === GITHUB_GIT ? GITHUB_API : `${endpoint.replace(/\/api\/v3$/, "")}/api/v3`,
    describeError: (body) => errorAnswer.safeParse(body).data ?? {},
  });
  return {
    ...GITHUB,
    ...githubContent(call, repositoryPath),
    gitCredential: () => {
      return { origin: originOf(endpoint), username: USERNAME, token: access.token, tokenName: GITHUB.tokenName };
    },
    exportRepository: async (fullName, signal) => {
      if (!FULL_NAME.test(fullName)) return undefined;
      return unlessNotFound(call({ method: "GET", path: repositoryPath(fullName), answer: repositoryAnswer, signal }));
    },
  };
}

/** Path of a repository in the API. */
function repositoryPath(fullName: string): string {
  return `/repos/${fullName.split("/").map(segment).join("/")}`;
}
