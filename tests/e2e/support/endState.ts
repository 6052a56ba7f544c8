import { z } from "zod";

import { Visitor } from "../../../lab/drills/company/visitor.ts";
import { compareSnapshots } from "../../../lab/drills/compare/compare.ts";
import { takeSnapshot } from "../../../lab/drills/compare/snapshot.ts";
import { isHeldBack } from "../../../lab/drills/compare/types.ts";
import { addressOf } from "../../../lab/sandbox/host/layout.ts";
import { SANDBOX_NAMES } from "../../../lab/sandbox/workspace.ts";
import { pulumi, supabaseProjects } from "./commands.ts";
import type { PreparedCompany } from "./preparedCompany.ts";

const checkpoint = z.object({
  deployment: z.object({
    resources: z.array(z.object({ urn: z.string(), type: z.string(), protect: z.boolean().optional() })),
    pending_operations: z.array(z.unknown()).nullish(),
  }),
});

/** The result of the recovery, without generated names. */
export async function endState({ context, before }: PreparedCompany): Promise<string[]> {
  const { file, engine } = context;
  const exported = await pulumi(["stack", "export", "--stack", "dr"], engine);
  const { resources, pending_operations: pending } = checkpoint.parse(JSON.parse(exported.output)).deployment;
  const outputs = z
    .object({ databaseUrl: z.string(), restore: z.object({ backupId: z.string() }) })
    .parse(JSON.parse((await pulumi(["stack", "output", "--json", "--show-secrets", "--stack", "dr"], engine)).output));
  const differences = compareSnapshots(before, await takeSnapshot(outputs.databaseUrl));
  const health = await new Visitor(addressOf(file.ports, "edge"), SANDBOX_NAMES.publicName).health();
  const projects = await supabaseProjects(context);
  return [
    ...resources.map((one) => `${one.urn}${one.protect === true ? " protected" : ""}`).sort(),
    `pending: ${pending?.length ?? 0}`,
    `differences: ${differences
      .filter(({ kind }) => !isHeldBack(kind))
      .map((one) => one.text)
      .join(" ")}`,
    `held back: ${differences
      .filter(({ kind }) => isHeldBack(kind))
      .map((one) => one.name)
      .join(", ")}`,
    `public name: ${health.status}`,
    `recovered projects: ${projects.filter((one) => one.name.startsWith("castchat-dr")).length}`,
  ];
}
