import { ageText } from "../../planning/age.ts";
import { named } from "../../services/common/named.ts";
import { openerOf } from "../../services/vault/encryption.ts";
import type { App } from "../../settings/apps.ts";
import { liveVariables } from "../environment/liveVariables.ts";
import { contentOf } from "../environment/storedEnvironment.ts";
import type { ChosenBackup } from "../vault/chooseBackup.ts";
import { takenAt } from "../vault/listBackups.ts";
import { newestEnvironment } from "../vault/sealedEnvironments.ts";
import { ok, type Outcome, skipped, warning } from "./check.ts";
import type { Subject } from "./subject.ts";

const DAY_MS = 86_400_000;
/** Age in days from which values may have been replaced since: most credentials are renewed within a year. */
const OLD_DAYS = 180;

/** Whether each app's variables are sealed: without them a recovered app has the address and the key of its database only. */
export async function sealedVariables(subject: Subject): Promise<Outcome[]> {
  const { settings, backups } = subject;
  if (settings.withoutVariables)
    return [skipped("The settings say withoutVariables: a recovery sets the database's own variables only.")];
  const all = await backups();
  if (all === undefined) return [skipped("The stack is not up yet, so it has no vault.")];
  return await Promise.all(
    settings.apps.map((app) => ofApp(app, newestEnvironment(all, app.name, subject.clock()), subject)),
  );
}

async function ofApp(app: App, sealed: ChosenBackup | undefined, subject: Subject): Promise<Outcome> {
  const { settings, clock } = subject;
  const stack = settings.role === "primary" ? settings.stack : "prod";
  const chosen = settings.apps.length > 1 ? ` --app ${app.name ?? app.project}` : "";
  const fix = `castchat-recovery env pull FILE -s ${stack}${chosen}, then castchat-recovery env import FILE -s ${stack}${chosen}`;
  if (sealed === undefined)
    return warning(
      `No variables of ${app.project} are sealed in this vault, so a recovered app gets those of its database only.`,
      fix,
    );
  const lacking = await lackingIn(sealed, app, subject);
  if (lacking !== undefined && lacking.length > 0)
    return warning(
      `The live project has variables that are not sealed, so a recovered ${app.project} lacks them: ${named(lacking)}.`,
      fix,
    );
  const ageMs = clock().getTime() - takenAt(sealed);
  const says = `The variables of ${app.project} were sealed ${ageText(ageMs)} ago`;
  if (ageMs > OLD_DAYS * DAY_MS)
    return warning(`${says}: a value that was replaced since is the old one after a recovery.`, fix);
  return ok(`${says}${lacking === undefined ? "" : ", and none that the live project has is missing"}.`);
}

/** Names that the live project has for production and the sealed variables have not. Undefined without the identity, the token or the project. */
async function lackingIn(
  sealed: ChosenBackup,
  app: App,
  { settings, ports, outputs, environment, setUp, peerSetUp, signal }: Subject,
): Promise<string[] | undefined> {
  const [live, lookUp, host] =
    settings.role === "primary"
      ? ([app.project, setUp, ports.appHost] as const)
      : ([app.peerProject, peerSetUp, ports.peerAppHost] as const);
  const opener = await openerOf(environment);
  if (opener === undefined || live === undefined || (environment["VERCEL_API_TOKEN"] ?? "") === "") return undefined;
  const project = await lookUp(live);
  if (project === undefined) return undefined;
  const isForVisitors = ({ targets }: { targets: readonly string[] }) => targets.includes("production");
  const vault = ports.vault(outputs?.vaultBucket ?? "");
  const [{ variables }, content] = await Promise.all([
    liveVariables(host(), project.id, signal),
    contentOf({ vault, opener, signal }, sealed),
  ]);
  const there = new Set(content.variables.filter(isForVisitors).map(({ key }) => key));
  const wanted = variables.filter(isForVisitors).map(({ key }) => key);
  return [...new Set(wanted)].filter((key) => !there.has(key)).sort();
}
