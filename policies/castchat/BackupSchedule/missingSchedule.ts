import type { StackValidationPolicy } from "@pulumi/policy";

const SITES = ["castchat:index:PrimarySite", "castchat:index:StandbySite"];
const DATABASE = "castchat:index:Database";
const SCHEDULE = "castchat:index:BackupSchedule";
/** A drill's resources are thrown away with it. */
const DRILL = /^drill-/;

/** Every site with a real database takes backups of it, also a recovered site: the next recovery starts from them. */
export const missingSchedule: StackValidationPolicy = {
  name: "castchat-backup-schedule-missing-schedule",
  description: "A site that runs a database must take scheduled backups of it.",
  enforcementLevel: "mandatory",
  validateStack: ({ resources }, reportViolation) => {
    for (const site of resources.filter(({ type }) => SITES.includes(type))) {
      const parts = resources.filter(({ parent }) => parent?.urn === site.urn);
      const database = parts.find(({ type, name }) => type === DATABASE && !DRILL.test(name));
      if (database === undefined || parts.some(({ type }) => type === SCHEDULE)) continue;
      reportViolation(
        `The site "${site.name}" must take scheduled backups of its database "${database.name}"; declare a BackupSchedule beside it.`,
        site.urn,
      );
    }
  },
  remediationSteps: "Call scheduleBackups (components/siteSchedule.ts) where the site declares its database.",
};
