import { Argument, Command } from "commander";

import { runnerSecretName } from "../../../planning/names.ts";
import { type ReadThings, rotateToken } from "../../../recovery/configuration/rotateToken.ts";
import { typeSecret, UserError } from "../../../services/common/errors.ts";
import type { TokenFacts } from "../../../services/http/tokenFacts.ts";
import { services } from "../../../services/services.ts";
import { sourcesOf } from "../../../settings/repositories.ts";
import { ownTokenOfRuns, TOKEN_SERVICES, type TokenService } from "../../../settings/runnerSettings.ts";
import { runnerSecretsOf, siteOf } from "../../stack/services.ts";
import { readStack, type StackContext } from "../../stack/stackContext.ts";
import { example } from "../../terminal/help.ts";
import { abortOnInterrupt } from "../../terminal/interruption.ts";
import { jsonOption, stackOption } from "../../terminal/options.ts";
import { printResult } from "../../terminal/progress.ts";

/** `castchat-recovery schedule rotate`: sets the token of one service for the scheduled backups, without an `up`. */
export function rotateCommand(): Command {
  return new Command("rotate")
    .description("set the scheduled backups' token of one service, from RUNNER_… in the environment; checks it first")
    .addArgument(new Argument("<service>", "whose token").choices(Object.keys(TOKEN_SERVICES)))
    .addOption(stackOption())
    .addOption(jsonOption("variable, secret, expiresAt (a time, never, or null if the service does not show it)"))
    .addHelpText("after", example("schedule rotate github -s prod"))
    .action(async (service: TokenService, options: { stack: string; json?: boolean }) => {
      const signal = abortOnInterrupt();
      const variable = TOKEN_SERVICES[service];
      const own = ownTokenOfRuns(variable);
      const token = process.env[own] ?? "";
      if (token === "") throw new UserError(`${own} is not set, so there is no token to set. ${typeSecret(own)}`);
      const context = await readStack(options.stack, signal);
      const { settings, outputs } = context;
      if (outputs.schedule === undefined)
        throw new UserError(`Stack ${options.stack} has no scheduled backups, which would use the token.`);
      const { ports, inspectToken } = services(
        { ...settings, dnsToken: undefined },
        { ...process.env, [variable]: token },
      );
      const secret = runnerSecretName(siteOf(settings), service);
      const facts = await rotateToken({
        variable,
        token,
        ports,
        inspect: () => inspectToken(variable, signal),
        things: thingsOf(context),
        secrets: runnerSecretsOf(settings),
        secret,
        signal,
      });
      const { expiresAt } = facts;
      printResult({ variable, secret, expiresAt: expiresAt ?? null }, options.json === true, [
        `The next scheduled backup reads with this ${variable}, ${untilOf(facts)}. A later \`pulumi up\` does not change it. Revoke the old one now.`,
      ]);
    });
}

function thingsOf({ settings, outputs: { supabaseRef } }: StackContext): ReadThings {
  return { ...sourcesOf(settings), zoneName: settings.zoneName, supabaseRef };
}

function untilOf({ expiresAt }: TokenFacts): string {
  if (expiresAt === undefined) return "whose end the service does not show: note it in your calendar";
  return expiresAt === "never" ? "which does not expire" : `which expires at ${expiresAt.toISOString()}`;
}
