import { rm } from "node:fs/promises";
import { join } from "node:path";

import { destroyDatabase, loseRegion } from "../../sandbox/control.ts";
import { addressOf, layout, REGIONS } from "../../sandbox/host/layout.ts";
import type { Company } from "../company/company.ts";
import type { DrillContext } from "../company/context.ts";
import { LIVE_APPS } from "../company/liveNames.ts";
import { visitorOf } from "../company/visitor.ts";
import { answers, canConnect } from "./signsOfLife.ts";

/** What was lost, and when the last part was gone. */
export interface Loss {
  at: Date;
  destroyed: string[];
}

/** A part of the primary: its name, its destruction, and whether it is still alive. */
type Part = [name: string, destroy: () => Promise<unknown>, isAlive: () => Promise<boolean>];

/**
 * Destroys everything that the primary consists of, and checks that it is really gone.
 *
 * @throws when a part is still alive, because recovering something that was not lost proves nothing
 */
export async function destroyEverything(context: DrillContext, company: Company): Promise<Loss> {
  const { home, file, clock, steps } = context;
  const { vercelToken, githubToken } = file.credentials;
  const { supabaseRef } = company.primaryOutputs;
  return steps.run("Destroy the infrastructure", async (say) => {
    const parts: Part[] = [
      [
        "the database server with its data",
        () => destroyDatabase(home, supabaseRef),
        () => canConnect(company.primaryOutputs.databaseUrl),
      ],
      [
        `AWS region ${REGIONS.primary}: vault, keys, secrets`,
        () => loseRegion(home, REGIONS.primary),
        () => answers(addressOf(file.ports, "awsPrimary")),
      ],
      ...LIVE_APPS.flatMap(({ project, repository, publicName }): Part[] => [
        [
          `the Vercel project ${project} with its deployments`,
          () => remove(`${addressOf(file.ports, "vercel")}/v9/projects/${project}`, vercelToken),
          async () => (await visitorOf(context, publicName).health()).status === 200,
        ],
        [
          `the GitHub repository ${repository}`,
          () => remove(`${addressOf(file.ports, "github")}/api/v3/repos/${repository}`, githubToken),
          () => exists(`${addressOf(file.ports, "github")}/api/v3/repos/${repository}`, githubToken),
        ],
      ]),
      [
        "Pulumi's state of stack prod",
        () => removeState(layout(home).state),
        async () => (await company.primary.workspace.listStacks()).some((stack) => stack.name === "prod"),
      ],
    ];
    for (const [name, destroy] of parts) {
      say(name);
      await destroy();
    }
    const at = clock();
    for (const [name, , isAlive] of parts) {
      if (await isAlive())
        throw new Error(`${name} still exists after its destruction, so the drill would prove nothing.`);
    }
    return { at, destroyed: parts.map(([name]) => name) };
  });
}

async function remove(url: string, token: string): Promise<void> {
  const answer = await fetch(url, { method: "DELETE", headers: { authorization: `Bearer ${token}` } });
  if (!answer.ok)
    throw new Error(`DELETE ${new URL(url).pathname} was answered with ${answer.status}: ${await answer.text()}`);
}

async function exists(url: string, token: string): Promise<boolean> {
  return (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).status !== 404;
}

/** Everything that a file backend stores of a stack: checkpoint, its copy, history, backups, locks. */
async function removeState(backend: string): Promise<void> {
  const kept = join(backend, ".pulumi");
  const project = "castchat-recovery";
  const paths = [
    join(kept, "stacks", project, "prod.json"),
    join(kept, "stacks", project, "prod.json.bak"),
    join(kept, "stacks", project, "prod.json.attrs"),
    join(kept, "history", project, "prod"),
    join(kept, "backups", project, "prod"),
    join(kept, "locks", "organization", project, "prod"),
  ];
  for (const path of paths) await rm(path, { recursive: true, force: true });
}
