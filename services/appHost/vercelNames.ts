import { z } from "zod";

import type { CertificateFacts } from "../common/certificateFacts.ts";
import { typeSecret, UserError } from "../common/errors.ts";
import { segment, ServiceError, unlessNotFound } from "../http/http.ts";
import type { JsonClient } from "../http/jsonClient.ts";
import type { AppHost, PublicName } from "./appHost.ts";
import { VERCEL } from "./vercelApi.ts";
import { allPages } from "./vercelPages.ts";
import { allProjects, projectPath } from "./vercelProjects.ts";

/** The end of the names and addresses that Vercel generates. */
const GENERATED = ".vercel.app";

const domainAnswer = z
  .object({
    name: z.string(),
    verified: z.boolean().optional().default(true),
    verification: z.array(z.object({ type: z.string(), domain: z.string(), value: z.string() })).nullish(),
    redirect: z.string().nullish(),
    gitBranch: z.string().nullish(),
    customEnvironmentId: z.string().nullish(),
  })
  .transform(({ name, verified, verification, redirect, gitBranch, customEnvironmentId }): PublicName => ({
    name,
    isGenerated: isGenerated(name),
    isVerified: verified,
    proofs: verification ?? [],
    ...(redirect && { redirectsTo: redirect }),
    ...((gitBranch ?? customEnvironmentId) && { isOfPreview: true }),
  }));
const rawAnswer = z.record(z.string(), z.unknown());
/** `getCerts` of Vercel's published SDK (https://www.npmjs.com/package/@vercel/sdk); times in milliseconds since 1970. */
const certificateAnswer = z
  .object({
    id: z.string(),
    cns: z.array(z.string()),
    expiresAt: z.number().optional(),
    autoRenew: z.boolean().optional(),
  })
  .transform(({ id, cns, expiresAt, autoRenew }): CertificateFacts => ({
    id,
    hosts: cns,
    expiresAt: expiresAt === undefined ? undefined : new Date(expiresAt),
    isRenewed: autoRenew,
  }));
const aliasAnswer = z.object({ deploymentId: z.string().nullish(), projectId: z.string().nullish() });
/** Projects that are asked at once. */
const PROJECTS_AT_ONCE = 8;

/** A project with a name. An unverified name serves nothing, and may be another team's. */
interface Holder {
  id: string;
  isVerified: boolean;
}

/** Whether an error says that a proof is missing, or that another project still has the name. */
function isNotYet(error: unknown): boolean {
  return error instanceof ServiceError && error.status === 400 && NOT_YET.has(error.code ?? "");
}
const NOT_YET: ReadonlySet<string> = new Set(["missing_txt_record", "existing_project_domain"]);

/** Whether Vercel generated a host name. */
export function isGenerated(host: string): boolean {
  return host.endsWith(GENERATED);
}

/** The domains of Vercel's projects, and the deployments behind them. */
export function vercelNames(
  call: JsonClient,
): Pick<
  AppHost,
  | ("publicNames" | "publicName" | "publicNameHolder" | "takePublicName")
  | ("verifyPublicName" | "releasePublicName" | "servedFrom")
  | ("exportNames" | "changeName" | "certificates")
> {
  const domainPath = (project: string, name: string, version?: string): string =>
    `${projectPath(project, version)}/domains/${segment(name)}`;
  const publicName = (project: string, name: string, signal?: AbortSignal): Promise<PublicName | undefined> =>
    unlessNotFound(call({ method: "GET", path: domainPath(project, name), answer: domainAnswer, signal }));
  /** Undefined if another project has the name. */
  const added = async (project: string, name: string, signal?: AbortSignal): Promise<PublicName | undefined> => {
    try {
      const path = `${projectPath(project, "v10")}/domains`;
      return await call({ method: "POST", path, body: { name }, answer: domainAnswer, signal });
    } catch (error) {
      if (error instanceof ServiceError && error.status === 409) return undefined;
      throw error;
    }
  };
  const aliasOf = (name: string, signal?: AbortSignal) =>
    unlessNotFound(call({ method: "GET", path: `/v4/aliases/${segment(name)}`, answer: aliasAnswer, signal }));
  /** The alias of a served name says at once which project has it. Only a name that serves nothing needs a question to each project. */
  const holderOf = async (name: string, signal?: AbortSignal): Promise<Holder | undefined> => {
    const served = (await aliasOf(name, signal))?.projectId;
    const known = typeof served === "string" ? await publicName(served, name, signal) : undefined;
    if (typeof served === "string" && known !== undefined) return { id: served, isVerified: known.isVerified };
    const projects = await allProjects(call, signal);
    for (let at = 0; at < projects.length; at += PROJECTS_AT_ONCE) {
      const some = projects.slice(at, at + PROJECTS_AT_ONCE);
      const found = await Promise.all(some.map(({ id }) => publicName(id, name, signal)));
      const [holder] = some.flatMap(({ id }, index) => {
        const name = found[index];
        return name === undefined ? [] : [{ id, isVerified: name.isVerified }];
      });
      if (holder !== undefined) return holder;
    }
    return undefined;
  };
  /** Undefined if no project that the token can see has the name. */
  const moved = async (project: string, name: string, signal?: AbortSignal): Promise<PublicName | undefined> => {
    const holder = await holderOf(name, signal);
    if (holder === undefined || holder.id === project) return undefined;
    const path = `${domainPath(holder.id, name, "v1")}/move`;
    return call({ method: "POST", path, body: { projectId: project }, answer: domainAnswer, signal });
  };
  return {
    publicNames: async (project, signal) => {
      const path = `${projectPath(project)}/domains`;
      return await allPages(call, { path, field: "domains", entry: domainAnswer, cursor: "until", signal });
    },
    exportNames: async (project, signal) => {
      const path = `${projectPath(project)}/domains`;
      return await allPages(call, { path, field: "domains", entry: rawAnswer, cursor: "until", signal });
    },
    // https://vercel.com/docs/rest-api/projects/update-a-project-domain
    changeName: async (project, name, settings, signal) => {
      const path = domainPath(project, name);
      await call({ method: "PATCH", path, body: settings, answer: z.unknown(), repeatable: true, signal });
    },
    certificates: async (signal) =>
      await allPages(call, { path: "/v8/certs", field: "certs", entry: certificateAnswer, cursor: "until", signal }),
    publicName,
    publicNameHolder: async (name, signal) => {
      const holder = await holderOf(name, signal);
      return holder?.isVerified ? holder.id : undefined;
    },
    takePublicName: async (project, name, signal) => {
      const taken =
        (await publicName(project, name, signal)) ??
        (await added(project, name, signal)) ??
        (await moved(project, name, signal));
      if (taken !== undefined) return taken;
      throw new UserError(
        `${name} belongs to a Vercel project that ${VERCEL.tokenName} cannot see: remove it there, or set a token of that team. ${typeSecret(VERCEL.tokenName)}`,
      );
    },
    // Vercel answers 400 until the zone has the proof: https://vercel.com/docs/rest-api/projects/verify-project-domain.
    verifyPublicName: async (project, name, signal) => {
      const path = `${domainPath(project, name)}/verify`;
      try {
        return await call({ method: "POST", path, answer: domainAnswer, repeatable: true, signal });
      } catch (error) {
        const seen = isNotYet(error) ? await publicName(project, name, signal) : undefined;
        if (seen === undefined) throw error;
        return seen;
      }
    },
    releasePublicName: async (project, name, signal) => {
      await unlessNotFound(call({ method: "DELETE", path: domainPath(project, name), answer: z.unknown(), signal }));
    },
    servedFrom: async (name, signal) => (await aliasOf(name, signal))?.deploymentId ?? undefined,
  };
}
