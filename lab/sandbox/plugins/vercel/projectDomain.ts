import { z } from "zod";

import { type RestContext, restRow } from "../rest.ts";

const inputs = z.strictObject({ projectId: z.string().min(1), domain: z.string().min(3) });
type Inputs = z.infer<typeof inputs>;
const answer = z.object({ name: z.string(), projectId: z.string().optional() });

/** vercel:index/projectDomain:ProjectDomain; its id is the domain, and it is imported by `project id/domain`. */
export const projectDomain = restRow<RestContext, z.infer<typeof answer>, Inputs, object>({
  inputs,
  replaceOn: ["projectId", "domain"],
  answer,
  collection: (_context, { projectId }) => `/v10/projects/${projectId}/domains`,
  item: (_context, id, given) => {
    const [projectId = "", domain = ""] = given === undefined ? id.split("/") : [given.projectId, id];
    return `/v9/projects/${projectId}/domains/${domain}`;
  },
  change: "PATCH",
  body: ({ domain }) => ({ name: domain }),
  state({ name }, last, id) {
    const projectId = last?.projectId ?? id?.split("/")[0] ?? "";
    return { id: name, inputs: { projectId, domain: name }, outputs: {} };
  },
});
