import { cloneUrl } from "../../planning/names.ts";
import { named } from "../../services/common/named.ts";
import type { App } from "../../settings/apps.ts";
import { type Check, failed, ok, type Outcome, skipped, warning } from "./check.ts";
import type { Subject } from "./subject.ts";

const STEPS = "docs/accounts.md#step-by-step";
const TOKENS = "docs/accounts.md#accounts-and-tokens";
const TOKEN = "GITHUB_TOKEN";

/** The code and its mirror. */
export const GITHUB_CHECKS: readonly Check<Subject>[] = [
  { id: "github.heads", about: "mirror", docs: STEPS, run: eachRepository(heads) },
  { id: "github.content", about: "what a mirror does not carry", docs: TOKENS, run: eachRepository(content) },
  { id: "github.actions", about: "workflows in the mirror", docs: STEPS, run: eachRepository(workflows) },
].map((check) => ({ ...check, category: "GitHub", token: TOKEN }));

/** Runs a check for each repository. */
function eachRepository(run: (app: App, subject: Subject) => Promise<Outcome | Outcome[]>) {
  return async (subject: Subject): Promise<Outcome[]> => {
    const first = new Map(subject.settings.apps.toReversed().map((app) => [app.repository, app]));
    return (await Promise.all([...first.values()].map((app) => run(app, subject)))).flat();
  };
}

async function heads({ repository, mirror }: App, { settings, outputs, ports, signal }: Subject): Promise<Outcome> {
  if (mirror === undefined) return skipped("A primary has no mirror; the standby keeps it.");
  if (outputs === undefined) return skipped("The stack is not up yet, and creates the mirror.");
  const git = ports.git();
  const [source, copy] = await Promise.all(
    [repository, mirror].map(async (name) => {
      const refs = await git.remoteRefs(cloneUrl(name, settings.endpoints.github), ["refs/heads/*"], signal);
      return new Map(refs.map((ref) => [ref.name.slice("refs/heads/".length), ref.object]));
    }),
  );
  const behind = [...(source ?? [])].filter(([name, object]) => copy?.get(name) !== object).map(([name]) => name);
  const count = source?.size ?? 0;
  if (count === 0)
    return failed(
      `${repository} has no branch, so there is no code to deploy.`,
      `correct repository in Pulumi.${settings.stack}.yaml`,
    );
  if (behind.length === 0) return ok(`${mirror} has every branch of ${repository} (${count}) at its newest commit.`);
  return failed(
    `${mirror} lacks the newest commits of ${behind.length} of ${count} branches: ${named(behind)}.`,
    `castchat-recovery mirror -s ${settings.stack}`,
  );
}

async function workflows({ mirror }: App, { settings, outputs, ports, signal }: Subject): Promise<Outcome> {
  if (mirror === undefined || outputs === undefined) return skipped("This stack has no mirror yet.");
  const runs = await ports.mirrorHost().runsWorkflows(mirror, signal);
  if (runs === undefined) return failed(`The token sees no repository ${mirror}.`, `pulumi up -s ${settings.stack}`);
  if (!runs) return ok(`Workflows are off in ${mirror}.`);
  return warning(
    `Workflows are on in ${mirror}: those that a push brings along run there, too, also by their schedules.`,
    `gh api -X PUT repos/${mirror}/actions/permissions -F enabled=false`,
  );
}

/** What a plain copy of commits leaves behind, or must not start elsewhere. */
async function content({ repository, mirror }: App, { ports, signal }: Subject): Promise<Outcome[]> {
  const code = ports.codeHost();
  const [workflows, attributes, modules] = await Promise.all(
    [".github/workflows", ".gitattributes", ".gitmodules"].map((path) => code.content(repository, path, signal)),
  );
  const files = workflows !== undefined && "names" in workflows ? workflows.names : [];
  const found: Outcome[] = [];
  if (attributes !== undefined && "text" in attributes && /\bfilter=lfs\b/.test(attributes.text))
    found.push(
      warning(
        `${repository} keeps files in Git LFS. A mirror has only pointers to them, and a deployment would upload the pointers.`,
        "keep what the app needs at run time outside of LFS",
      ),
    );
  if (modules !== undefined)
    found.push(
      warning(
        `${repository} has submodules, which a deployment leaves out.`,
        "vendor what the app needs into the repository",
      ),
    );
  if (files.length > 0 && mirror !== undefined)
    found.push(
      ok(`${repository} has workflows (${named(files)}): GITHUB_TOKEN needs the scope workflow to mirror them.`),
    );
  return found.length > 0 ? found : [ok(`${repository} has neither LFS files nor submodules.`)];
}
