import { z } from "zod";

import { serveProvider } from "../../../../provider/host/index.ts";
import { localAddress } from "../address.ts";
import { textAt, tokenFrom } from "../rest.ts";
import { environmentVariable } from "./environmentVariable.ts";
import { environmentVariables } from "./environmentVariables.ts";
import { project } from "./project.ts";
import { projectDomain } from "./projectDomain.ts";

await serveProvider({
  name: "vercel",
  version: "5.4.1",
  config: z.object({ apiToken: z.string().optional(), team: z.string().optional() }),
  context: ({ apiToken, team }) => ({
    service: {
      name: "Vercel",
      // The official plugin's address is fixed, so none of its settings can name the sandbox's.
      address: localAddress(process.env["SANDBOX_VERCEL_URL"], "SANDBOX_VERCEL_URL in the environment"),
      headers: { authorization: `Bearer ${tokenFrom(apiToken, "VERCEL_API_TOKEN")}` },
      ...(team !== undefined && { query: { teamId: team } }),
      faultOf: (body: unknown) => textAt(body, "error.message"),
    },
  }),
  resources: {
    "vercel:index/project:Project": project,
    "vercel:index/projectDomain:ProjectDomain": projectDomain,
    "vercel:index/projectEnvironmentVariable:ProjectEnvironmentVariable": environmentVariable,
    "vercel:index/projectEnvironmentVariables:ProjectEnvironmentVariables": environmentVariables,
  },
});
