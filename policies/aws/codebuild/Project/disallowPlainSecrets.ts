import { Project as CodeBuildProject } from "@pulumi/aws/codebuild/project.js";
import { type ResourceValidationPolicy, UnknownValueError, validateResourceOfType } from "@pulumi/policy";

/** Names of variables that hold secrets. */
const SECRET_NAME = /(^|_)(TOKEN|SECRET|PASSWORD|PASSWD|PASS|KEY|CREDENTIALS?|DSN)$|^DATABASE_URL$/i;
/** A connection string with a password, or a private key. */
const SECRET_VALUE = /:\/\/[^\s:/@]*:[^\s@/]+@|BEGIN [A-Z ]*PRIVATE KEY/;

/** Every principal that may view the project sees a build's plain variables, and Pulumi's state contains them in clear text. */
export const disallowPlainSecrets: ResourceValidationPolicy = {
  name: "aws-codebuild-project-disallow-plain-secrets",
  description: "A build must take its secrets from Secrets Manager, never from plain variables.",
  enforcementLevel: "mandatory",
  validateResource: validateResourceOfType(CodeBuildProject, (project, _args, reportViolation) => {
    for (const variable of project.environment.environmentVariables ?? []) {
      const { name, type = "PLAINTEXT" } = variable;
      if (type !== "PLAINTEXT" || !(SECRET_NAME.test(name) || holdsSecret(variable))) continue;
      reportViolation(
        `The build must not hold ${name} as a plain variable; put it into Secrets Manager and give the variable the type SECRETS_MANAGER.`,
      );
    }
  }),
  remediationSteps: "Give the variable the type SECRETS_MANAGER and the value SECRET:KEY.",
};

/** A value that a preview doesn't know yet is checked in the `up`. */
function holdsSecret(variable: { value: string }): boolean {
  try {
    return SECRET_VALUE.test(variable.value);
  } catch (error) {
    if (error instanceof UnknownValueError) return false;
    throw error;
  }
}
