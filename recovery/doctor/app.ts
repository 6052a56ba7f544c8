import { applicationHealth } from "../site/applicationHealth.ts";
import { type Check, failed, ok, type Outcome, warning } from "./check.ts";
import { sealedVariables } from "./sealedVariables.ts";
import type { Subject } from "./subject.ts";

const HEALTH = "docs/accounts.md#what-the-app-has-to-answer";

/** The apps, as a visitor sees them. */
export const APP_CHECKS: readonly Check<Subject>[] = [
  { id: "app.health", category: "App", about: "health", docs: HEALTH, run: health },
  {
    id: "app.sealed-variables",
    category: "App",
    about: "sealed variables",
    docs: "docs/accounts.md#the-apps-variables",
    run: sealedVariables,
  },
];

async function health({ settings, ports, signal }: Subject): Promise<Outcome[]> {
  const { apps, role } = settings;
  const { deploymentVariable } = ports.appHost();
  const names = apps.flatMap((app) => app.publicNames.map((name) => [name, app] as const));
  return await Promise.all(
    names.map(async ([name, app]) => {
      const path = app.healthPath;
      const found = await applicationHealth(ports.edge, `https://${name}`, app, signal);
      if (!found.healthy) {
        // A standby is asked in an emergency, too.
        const says = `The app does not answer as it has to: ${found.reason}.`;
        const fix = `let ${path} answer as this app's healthAnswer says, or set its healthPath and healthAnswer`;
        return role === "primary" ? failed(says, fix) : warning(`${says} A recovery waits for such an answer.`, fix);
      }
      if (found.deployment === undefined)
        return warning(
          `${name}${path} is healthy, and does not say which deployment answers: a takeover is proved by Vercel's word only.`,
          `let it answer "deployment": process.env.${deploymentVariable}, too`,
        );
      return ok(`${name}${path} is healthy, and says that deployment ${found.deployment} answers.`);
    }),
  );
}
