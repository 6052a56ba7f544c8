import { z } from "zod";

import { segment, unlessNotFound } from "../http/http.ts";
import { jsonClient } from "../http/jsonClient.ts";
import type { RemoteService, ServiceAccess } from "../http/remoteService.ts";
import type { CodeHost, ListedRepository } from "./codeHost.ts";
import { originOf } from "./git.ts";

/** GitHub, and the variable with its token. */
export const GITHUB = { name: "GitHub", tokenName: "GITHUB_TOKEN" } as const satisfies RemoteService;

/** GitHub's addresses: of its REST API, as published, and of git over HTTPS. */
const GITHUB_API = "https://api.github.com";
const GITHUB_GIT = "https://github.com";
/** GitHub takes any token with this name. */
const USERNAME = "x-access-token";

/** Owner and name. A part that is only dots would change the path in the API. */
const FULL_NAME = /^(?!\.+\/)[^/]+\/(?!\.+$)[^/]+$/;

const PAGE_SIZE = 100;
/** More pages than any account has. A longer listing is a fault of the service. */
const MOST_PAGES = 1000;

const listedAnswer = z.array(
  z
    .object({ full_name: z.string(), default_branch: z.string().optional(), private: z.boolean() })
    .transform(({ full_name: fullName, default_branch: defaultBranch = "main", private: isPrivate }) => ({
      fullName,
      defaultBranch,
      isPrivate,
    })),
);
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
    gitCredential: () => {
      return { origin: originOf(endpoint), username: USERNAME, token: access.token, tokenName: GITHUB.tokenName };
    },
    // A page may hold fewer entries than were asked for, so that only an empty one is the last. Sources:
    // https://docs.github.com/rest/repos/repos#list-repositories-for-the-authenticated-user and
    // https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api
    repositories: async (signal) => {
      const found: ListedRepository[] = [];
      for (let page = 1; page <= MOST_PAGES; page += 1) {
        const query = { per_page: PAGE_SIZE, page };
        const listed = await call({ method: "GET", path: "/user/repos", query, answer: listedAnswer, signal });
        if (listed.length === 0) break;
        found.push(...listed);
      }
      return found;
    },
    exportRepository: async (fullName, signal) => {
      if (!FULL_NAME.test(fullName)) return undefined;
      const path = `/repos/${fullName.split("/").map(segment).join("/")}`;
      return unlessNotFound(call({ method: "GET", path, answer: repositoryAnswer, signal }));
    },
  };
}
