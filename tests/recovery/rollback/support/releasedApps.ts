import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { commitChange } from "../../../../lab/sandbox/app/repository.ts";
import type { VercelDeps } from "../../../../lab/sandbox/emulators/vercelState.ts";
import type { RollbackPorts, RolledApp } from "../../../../recovery/rollback/ports.ts";
import { deployApplication } from "../../../../recovery/site/deployApplication.ts";
import type { AppHost } from "../../../../services/appHost/appHost.ts";
import type { Edge } from "../../../../services/appHost/edge.ts";
import { vercelApps } from "../../../../services/appHost/vercel.ts";
import { gitCommand } from "../../../../services/codeHost/gitCommand.ts";
import { systemClock } from "../../../../services/common/clock.ts";
import { silent } from "../../../../services/common/reporter.ts";
import { realTiming } from "../../../../services/common/timing.ts";
import { pick } from "../../../lab/sandbox/emulators/support.ts";
import { startEmulatorHost } from "../../../services/support/emulatorHost.ts";
import { createVercelEmulator } from "../../../support/emulators.ts";

const quick = { firstMs: 5, longestMs: 20, limitMs: 10_000 };
/** No test waits for longer than a fault needs. */
export const timing = { ...realTiming, build: quick, health: quick, traffic: quick };

/** A server that fails every n-th request for posts, and is healthy. It does not run: the edge of {@link startReleasedApps} answers for it. */
export const server = (faultEvery: number, version: string): string => `fails every ${faultEvery}: ${version}\n`;

/** Apps with releases: Vercel's emulator, real repositories, and an edge that answers for each deployment without starting one. */
export async function startReleasedApps() {
  const create = (deps: VercelDeps) => createVercelEmulator({ ...deps, clock: systemClock });
  const host = await startEmulatorHost(create, vercelApps);
  const appHost: AppHost = host.open({ endpoint: host.url });
  const root = await mkdtemp(join(tmpdir(), "castchat-rollback-test-"));
  const git = gitCommand();
  const { signal } = new AbortController();
  const [faults, asked] = [new Map<string, number>(), new Map<string, number>()];
  let number = 0;

  const edge: Edge = async (url, _signal, headers = {}, body) => {
    const { host: name, pathname } = new URL(url);
    const own = name.endsWith(".vercel.app") ? (await appHost.deployment(name))?.id : await appHost.servedFrom(name);
    const id = own ?? "";
    const answer = (status: number) => {
      const said = { status: "ok", deployment: id };
      return { status, body: said, text: JSON.stringify(said), servedBy: "Vercel" };
    };
    if (pathname !== "/api/posts") return answer(200);
    const count = (asked.get(id) ?? 0) + 1;
    asked.set(id, count);
    const every = faults.get(id) ?? 0;
    if (every > 0 && count % every === 0) return answer(500);
    return answer(body !== undefined && headers["authorization"] !== "Bearer token" ? 401 : 200);
  };

  return {
    appHost,
    edge,
    git,
    call: (request: string, body?: unknown) => host.call(request, body),
    /** Pushes files to a repository. Returns the commit. */
    commit: (repository: string, files: Record<string, string>) =>
      commitChange({ remoteUrl: repository, token: "", message: "change", files }),
    /** An app with a repository, a project and a public name, and what a rollback of it works with. */
    async makeApp(change: Partial<RolledApp> = {}) {
      number += 1;
      const [project, name] = [`web-${number}`, `web-${number}.castchat.example`];
      const repository = join(root, `${project}.git`);
      const first = join(root, project);
      const identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
      execFileSync("git", ["init", "-q", "-b", "main", first]);
      execFileSync("git", [...identity, "commit", "-q", "--allow-empty", "-m", "begin"], { cwd: first });
      execFileSync("git", ["clone", "-q", "--bare", first, repository], { stdio: "ignore" });
      const projectId = pick(await host.call("POST /v11/projects", { name: project, framework: "node" }), "id");
      await host.call(`POST /v10/projects/${project}/domains`, { name });
      const app: RolledApp = {
        project,
        publicNames: [name],
        probes: { paths: ["/api/posts?limit=1"] },
        sourceUrl: repository,
        branch: "main",
        stack: "prod",
        appName: undefined,
        ...change,
      };
      const agreed: string[] = [];
      const ports: RollbackPorts = {
        appHost,
        edge,
        git,
        migrations: () => Promise.resolve([]),
        logIn: () => Promise.resolve("token"),
        agree: (lines) => Promise.resolve(void agreed.push(...lines)),
        watch: { windowMs: 60, everyMs: 2 },
        timing,
        clock: systemClock,
        reporter: silent,
        signal,
      };
      let faultEvery = 0;
      return {
        app,
        ports,
        agreed,
        projectId,
        repository,
        /** Pushes files, and deploys them as the host does at a push. */
        release: async (files: Record<string, string>) => {
          const commit = await commitChange({ remoteUrl: repository, token: "", message: "change", files });
          const wanted = { projectId, projectName: project, sourceUrl: repository, sourceRef: "main" };
          const { deploymentId: id } = await deployApplication(ports, wanted, signal, silent);
          faultEvery = Number(/\d+/.exec(files["server.mjs"] ?? "")?.[0] ?? faultEvery);
          faults.set(id, faultEvery);
          return { id, commit };
        },
        /** The deployment that answers under the public name. */
        served: () => appHost.servedFrom(name),
        state: () => appHost.releaseState(project),
      };
    },
    async stop() {
      await host.stop();
      await rm(root, { recursive: true, force: true });
    },
  };
}
