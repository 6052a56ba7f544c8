import { z } from "zod";

import { recoveredDatabaseName, vaultBucketName } from "../../planning/names.ts";
import { doctor } from "../../recovery/doctor/doctor.ts";
import type { StandbySettings } from "../../settings/settings.ts";
import type { FunctionHandler } from "../host/definition.ts";
import type { RecoveryContext } from "./context.ts";

const args = z.strictObject({
  /** The stack's parsed settings as JSON, without its secrets. */
  settings: z.string(),
});

/** How long the checks may take. The recovery runs beside them, and waits for none. */
const CHECKS_MS = 15_000;
/** What an emergency makes fail by itself, or what needs a secret that is not passed on. */
const NOT_SAID: ReadonlySet<string> = new Set(["supabase.database", "supabase.restore-time"]);

/**
 * `recovery:index:examination`: the failed checks of `castchat-recovery doctor` as one warning, if a recovery or a drill is about to begin. None
 * if its project exists already.
 */
export const examination: FunctionHandler<RecoveryContext, z.infer<typeof args>> = {
  inputs: args,
  async invoke(context, { settings: text }, signal) {
    const settings = JSON.parse(text) as StandbySettings;
    const { project, role, awsAccountId: accountId, awsRegion: region, mode, generation, stack } = settings;
    const name = recoveredDatabaseName(mode === "drill" ? "drill" : "active", generation);
    const projects = await context.databaseHost().projects(signal);
    const hasBegun = projects.some((one) => one.name === name && one.organization === settings.supabaseOrganization);
    if (hasBegun) return { warning: "" };
    const { environment, clock } = context;
    const findings = await doctor(
      {
        settings,
        outputs: { vaultBucket: vaultBucketName({ project, role, accountId, region }) },
        ports: context.doctorPorts(region),
        environment,
        clock,
      },
      { deadline: AbortSignal.timeout(CHECKS_MS), signal },
    );
    const failed = findings.filter(({ id, state }) => state === "failed" && !NOT_SAID.has(id));
    if (failed.length === 0) return { warning: "" };
    const lines = failed.map(({ about, says, fix = "" }) => `- ${about}: ${says} To mend it: ${fix}`);
    return {
      warning: `Checks failed that a recovery depends on. It continues; \`castchat-recovery doctor -s ${stack}\` shows all of them.\n${lines.join("\n")}`,
    };
  },
};
