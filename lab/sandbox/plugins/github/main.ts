import { z } from "zod";

import { serveProvider } from "../../../../provider/host/index.ts";
import { unlessNotFound } from "../../../../services/http/http.ts";
import { localAddress } from "../address.ts";
import { type RestService, send, textAt, tokenFrom } from "../rest.ts";
import { actionsPermissions } from "./actionsPermissions.ts";
import { repository } from "./repository.ts";

await serveProvider({
  name: "github",
  version: "6.15.0",
  config: z.object({
    baseUrl: z.string().optional(),
    token: z.string().optional(),
    owner: z.string().optional(),
  }),
  async context({ baseUrl, token, owner }) {
    // The official plugin adds this to any address but github.com's.
    const address = `${localAddress(baseUrl ?? process.env["GITHUB_BASE_URL"], "github:baseUrl")}/api/v3`;
    const service: RestService = {
      name: "GitHub",
      address,
      headers: {
        authorization: `Bearer ${tokenFrom(token, "GITHUB_TOKEN")}`,
        accept: "application/vnd.github+json",
      },
      faultOf: (body) => [textAt(body, "message"), textAt(body, "errors.0.message")].filter(Boolean).join(" "),
    };
    const login = owner ?? process.env["GITHUB_OWNER"] ?? (await ownLogin(service));
    const organization = await unlessNotFound(send(service, { method: "GET", path: `/orgs/${login}` }));
    return { service, owner: login, isOrganization: organization !== undefined };
  },
  resources: {
    "github:index/repository:Repository": repository,
    "github:index/actionsRepositoryPermissions:ActionsRepositoryPermissions": actionsPermissions,
  },
});

/** Without an owner, the token's own account is used. */
async function ownLogin(service: RestService): Promise<string> {
  return z.object({ login: z.string() }).parse(await send(service, { method: "GET", path: "/user" })).login;
}
