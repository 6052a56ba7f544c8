import { Trail } from "@pulumi/aws/cloudtrail/trail.js";
import { type ResourceValidationPolicy, validateResourceOfType } from "@pulumi/policy";

import { isPartOf } from "../../../stacks/vaults.ts";

/** The audit trail records who read a backup or tried to delete one. */
export const configureVaultTrail: ResourceValidationPolicy = {
  name: "aws-cloudtrail-trail-configure-vault-trail",
  description:
    "The backup vault's audit trail must be protected, and record every read and write of its objects in logs that can be verified.",
  enforcementLevel: "mandatory",
  validateResource: validateResourceOfType(Trail, (trail, args, reportViolation) => {
    if (!isPartOf(args.urn, "castchat:index:AuditTrail")) return;
    if (!args.opts.protect)
      reportViolation("The backup vault's audit trail must be protected; remove the setting disposableVault.");
    const selectors = trail.advancedEventSelectors ?? [];
    if (!selectors.some(({ fieldSelectors }) => selectsAllObjects(fieldSelectors)))
      reportViolation(
        "The backup vault's audit trail must record the data events of its objects, reads and writes; select eventCategory Data and resources.type AWS::S3::Object.",
      );
    if (trail.enableLogging === false)
      reportViolation("The backup vault's audit trail must be on; remove enableLogging.");
    if (trail.enableLogFileValidation !== true)
      reportViolation("The backup vault's audit trail must be verifiable; set enableLogFileValidation to true.");
  }),
  remediationSteps:
    "Select all data events of AWS::S3::Object under the vault's ARN, leave logging on, and set enableLogFileValidation to true.",
};

/** Any further field (readOnly, eventName …) would exclude events. */
const FIELDS = ["eventCategory", "resources.type", "resources.ARN"];

function selectsAllObjects(fields: readonly { field: string; equals?: string[] | undefined }[]): boolean {
  const equal = (name: string) => fields.find(({ field }) => field === name)?.equals ?? [];
  return (
    equal("eventCategory").includes("Data") &&
    equal("resources.type").includes("AWS::S3::Object") &&
    fields.every(({ field }) => FIELDS.includes(field))
  );
}
