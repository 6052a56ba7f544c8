import { execa } from "execa";

import { PromiseError } from "../../services/common/errors.ts";
import type { GuardingProxy } from "../sandbox/fidelity/guardingProxy.ts";
import type { officialPlugins } from "../sandbox/fidelity/officialPlugins.ts";
import type { DrillContext } from "./company/context.ts";
import type { DrillReport } from "./report/report.ts";

/** The row of a report that says which providers the engine had. */
const ROW = /^Pulumi's providers/;

/** Checks that the official plugins find nothing to change in what they have made, also after they have read it again. */
export async function showsNoChange({ engine, steps }: DrillContext): Promise<void> {
  await steps.run("Preview both stacks again", async (say) => {
    for (const stack of ["dr", "prod"])
      for (const more of [[], ["--refresh"]]) {
        say(`${stack}${more.length > 0 ? ", read again" : ""}`);
        const args = ["preview", "--stack", stack, "--expect-no-changes", "--non-interactive", ...more];
        const { exitCode, stdout, stderr } = await execa("pulumi", args, {
          cwd: engine.workspace,
          env: { ...engine.environment, NO_COLOR: "1" },
          stdin: "ignore",
          reject: false,
          ...(engine.signal && { cancelSignal: engine.signal }),
        });
        engine.signal?.throwIfAborted();
        if (exitCode !== 0)
          throw new PromiseError(`Stack ${stack} is not as the official plugins made it:\n${stdout}\n${stderr}`);
      }
  });
}

/** Adds to the reports which official plugins the engine had, and that they reached nothing but the sandbox. */
export function noteOfficialPlugins(
  reports: readonly DrillReport[],
  { there, missing }: ReturnType<typeof officialPlugins>,
  { refused }: Pick<GuardingProxy, "refused">,
): void {
  const shown = there.map(({ name, version }) => `${name} ${version}`).join(", ");
  const own = ["aws", ...missing.map(({ name }) => name)];
  for (const report of reports) {
    report.notTested = report.notTested.map((row) =>
      ROW.test(row.part)
        ? {
            part: `Pulumi's providers ${own.join(", ")}`,
            standIn: `small ones; official: ${shown}`,
            notTested: "these",
          }
        : row,
    );
    report.checks.push({
      name: "the official plugins reached only the sandbox",
      ok: refused.size === 0,
      detail: refused.size === 0 ? shown : `refused: ${[...refused].join(", ")}`,
    });
    report.ok &&= refused.size === 0;
  }
}
