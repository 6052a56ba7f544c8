import type { Deployment, Project } from "./vercelState.ts";

/** Of every deployment. */
const FIXED = {
  version: 2,
  type: "LAMBDAS",
  plan: "pro",
  public: false,
  source: "cli",
  ownerId: "sandbox",
  creator: { uid: "sandbox", username: "sandbox" },
  createdIn: "iad1",
  regions: ["iad1"],
  routes: null,
  buildSkipped: false,
  isInConcurrentBuildsQueue: false,
  isInSystemBuildsQueue: false,
} as const;
/** The project's settings that a deployment shows, and the fields of a deployment in a list that some have. */
const SHOWN_SETTINGS = ["framework", "buildCommand", "devCommand", "installCommand", "outputDirectory"] as const;
const LISTED: ReadonlySet<string> = new Set(["ready", "errorCode", "errorMessage"]);

/** A deployment stays promoted after another one has taken the domains. */
function substateOf({ readyState, target, wasPromoted }: Pick<Deployment, "readyState" | "target" | "wasPromoted">) {
  if (readyState !== "READY" || target === null) return {};
  return { readySubstate: wasPromoted === true ? "PROMOTED" : "STAGED" };
}

/** Deployments in Vercel's format, each by itself and in a list. */
export function deploymentAnswers(all: () => readonly Project[]) {
  const show = (deployment: Deployment) => {
    const { projectId } = deployment;
    const project = all().find(({ id }) => id === projectId);
    const alias = project?.production === deployment.id ? project.domains.map(({ name }) => name) : [];
    return {
      ...deployment,
      files: undefined,
      isStatic: undefined,
      wasPromoted: undefined,
      gitMetadata: undefined,
      status: deployment.readyState,
      // Only the names, as on Vercel.
      env: Object.keys(deployment.env),
      build: { env: [] },
      projectSettings: Object.fromEntries(SHOWN_SETTINGS.map((name) => [name, project?.settings[name] ?? null])),
      project: { id: projectId, name: deployment.name },
      bootedAt: deployment.createdAt,
      buildingAt: deployment.createdAt,
      ...FIXED,
      inspectorUrl: `https://vercel.com/sandbox/${deployment.name}/${deployment.id}`,
      alias,
      aliasAssigned: deployment.readyState === "READY",
      aliasError: null,
      ...substateOf(deployment),
    };
  };
  /** A deployment in a list has other fields, and other names of some. */
  const showListed = ({ id, name, url, readyState, createdAt, target, meta, projectId, ...rest }: Deployment) => {
    const isServed = all().some(({ production }) => production === id);
    const { wasPromoted } = rest;
    return {
      uid: id,
      name,
      url,
      projectId,
      readyState,
      state: readyState,
      created: createdAt,
      createdAt,
      target,
      meta,
      ...Object.fromEntries(Object.entries(rest).filter(([field]) => LISTED.has(field))),
      type: FIXED.type,
      creator: FIXED.creator,
      source: FIXED.source,
      inspectorUrl: `https://vercel.com/sandbox/${name}/${id}`,
      isRollbackCandidate: wasPromoted === true && !isServed,
      ...substateOf({ readyState, target, ...(wasPromoted && { wasPromoted }) }),
    };
  };
  return { show, showListed };
}
