import { typeSecret } from "../../services/common/errors.ts";
import { GITLAB_MIRROR_TOKEN, MIRROR_TOKEN, RUNNER_TOKENS, type TokenVariable } from "../../settings/runnerSettings.ts";
import { type Check, failed, type Outcome, skipped } from "./check.ts";
import { gitlabMirrors } from "./gitlab.ts";
import { runTokens } from "./runTokens.ts";
import type { Subject } from "./subject.ts";
import { lifeOf } from "./tokenLife.ts";

/** Each service's token: whether it is valid, what it may do, and how long. */
export const TOKEN_CHECKS: readonly Check<Subject>[] = [
  ...RUNNER_TOKENS.map((variable) => checkOf(variable)),
  {
    ...checkOf(MIRROR_TOKEN),
    run: (subject: Subject): Promise<Outcome> => {
      const { settings, environment } = subject;
      if (settings.mirrorOwner === undefined) return Promise.resolve(skipped("This stack has no mirror to write."));
      if ((environment[MIRROR_TOKEN] ?? "") === "")
        return Promise.resolve(skipped(`${MIRROR_TOKEN} is not set: GITHUB_TOKEN writes the mirror, too.`));
      return inspect(MIRROR_TOKEN, subject);
    },
    token: undefined,
  },
  {
    id: "tokens.peer-vercel-token",
    category: "Tokens",
    about: "peerVercelToken",
    docs: "docs/accounts.md#accounts-and-tokens",
    run: peerToken,
  },
  {
    ...checkOf(GITLAB_MIRROR_TOKEN),
    run: (subject: Subject): Promise<Outcome> =>
      gitlabMirrors(subject).length === 0
        ? Promise.resolve(skipped("No repository has a mirror on GitLab."))
        : inspect(GITLAB_MIRROR_TOKEN, subject),
    token: undefined,
  },
  {
    id: "tokens.runs",
    category: "Tokens",
    about: "tokens of the scheduled backups",
    docs: "docs/accounts.md#the-scheduled-backups",
    run: runTokens,
  },
];

function checkOf(variable: TokenVariable) {
  return {
    id: `tokens.${variable.toLowerCase().replaceAll("_", "-")}`,
    category: "Tokens" as const,
    about: variable,
    docs: "docs/accounts.md#accounts-and-tokens",
    token: variable,
    run: (subject: Subject) => inspect(variable, subject),
  };
}

const REFUSED = "The service refuses it: it is wrong, revoked or expired.";

/** The token with which a recovery stops the primary's apps. */
async function peerToken({ settings, ports, clock, signal }: Subject): Promise<Outcome> {
  const { role, stack, peerVercelToken } = settings;
  if (role === "primary") return skipped("A primary stops no other stack.");
  if (peerVercelToken === undefined)
    return skipped("It is not set: VERCEL_API_TOKEN has to see the primary's projects, too.");
  const renew = `pulumi config set --secret peerVercelToken -s ${stack}`;
  const { isValid, scopes, expiresAt } = await ports.peerAppHost().inspectToken(signal);
  if (!isValid) return failed(REFUSED, renew);
  return lifeOf(expiresAt, clock(), {
    says: `It is valid, and ${rightsIn(scopes)}`,
    renew,
    replace: `make a new one now. ${renew}`,
  });
}

function rightsIn(scopes: readonly string[] | undefined): string {
  return scopes === undefined
    ? "the service does not show its rights"
    : `its rights are ${scopes.join(", ") || "none"}`;
}

async function inspect(variable: TokenVariable, subject: Subject): Promise<Outcome> {
  const { ports, clock, signal } = subject;
  const { isValid, scopes, expiresAt } = await ports.inspectToken(variable, signal);
  const setAgain =
    variable === "CLOUDFLARE_API_TOKEN" && subject.settings.dnsToken !== undefined
      ? `pulumi config set --secret dnsToken -s ${subject.settings.stack}`
      : typeSecret(variable);
  if (!isValid) return failed(REFUSED, setAgain);
  const rights = rightsIn(scopes);
  const missing = missingScopes(variable, scopes, subject);
  if (missing.length > 0)
    return failed(
      variable === GITLAB_MIRROR_TOKEN
        ? `It is valid, and ${rights}. It lacks api, without which no project can be made, protected or archived.`
        : `It is valid, and ${rights}. It lacks ${missing.join(" and ")}, without which GitHub refuses the mirror's workflows.`,
      variable === GITLAB_MIRROR_TOKEN
        ? `make a new one with the scope api. ${typeSecret(variable)}`
        : `give the classic token the scopes repo and workflow, or set ${MIRROR_TOKEN} to a fine-grained one of the mirrors' owner`,
    );
  const says = `It is valid, and ${rights}`;
  return lifeOf(expiresAt, clock(), {
    says,
    renew: setAgain,
    replace: `make a new one now. ${setAgain}`,
  });
}

/** What a token of GitLab or a classic one of GitHub lacks to write a mirror. A fine-grained one shows no scopes. */
function missingScopes(
  variable: TokenVariable,
  scopes: readonly string[] | undefined,
  { settings, environment }: Subject,
): string[] {
  if (variable === GITLAB_MIRROR_TOKEN) return scopes === undefined || scopes.includes("api") ? [] : ["api"];
  const writesMirror =
    settings.mirrorOwner !== undefined &&
    (variable === MIRROR_TOKEN || (variable === "GITHUB_TOKEN" && (environment[MIRROR_TOKEN] ?? "") === ""));
  return writesMirror && scopes !== undefined ? ["repo", "workflow"].filter((one) => !scopes.includes(one)) : [];
}
