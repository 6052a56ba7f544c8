import { Command } from "commander";

import { deployerTag } from "../../planning/names.ts";
import { bootstrap, type BootstrapResult } from "../../recovery/firstDay/bootstrap.ts";
import { stackPlaceIn } from "../../recovery/firstDay/stackPlace.ts";
import { services } from "../../services/services.ts";
import { example } from "../terminal/help.ts";
import { abortOnInterrupt } from "../terminal/interruption.ts";
import { jsonOption, stackOption } from "../terminal/options.ts";
import { printResult, withProgress } from "../terminal/progress.ts";
import { plainTable } from "../terminal/table.ts";

interface Options {
  stack: string;
  trust?: string[];
  json?: boolean;
}

/** `castchat-recovery bootstrap`: makes what a stack needs before its first `pulumi up`. */
export function bootstrapCommand(): Command {
  return new Command("bootstrap")
    .addOption(stackOption())
    .option(
      "--trust <arns...>",
      "ARNs of IAM users or roles (with * as a pattern) that may assume the deployers' role, beside those with its tag",
    )
    .addOption(jsonOption("foundations (what, name, done, remove), backendUrl, secretsProvider, isOwner, caller"))
    .addHelpText(
      "after",
      "\nNeeds credentials of the stack's own account that may create buckets, keys and roles. What is there with this program's tag is" +
        "\nbrought up to date; what is there without it is refused. After an interruption, run the same command again.",
    )
    .addHelpText("after", example("bootstrap -s dr"))
    .action(async ({ stack, trust: trusted, json }: Options) => {
      const signal = abortOnInterrupt();
      const { site, deployerArns, endpoints } = await stackPlaceIn(process.cwd(), stack);
      const account = services({ awsRegion: site.region, endpoints }, process.env).ports.awsAccount();
      const result = await withProgress(`Making what stack ${stack} needs`, (reporter) =>
        bootstrap({ site, deployerArns, trusted, account, endpoint: endpoints.aws, reporter, signal }),
      );
      printResult(result, json === true, linesOf(result, stack, deployerTag(site)));
    });
}

function linesOf(
  { foundations, backendUrl, secretsProvider, isOwner, caller }: BootstrapResult,
  stack: string,
  tag: string,
) {
  const table = plainTable(["what", "name", "state"]);
  for (const { what, name, done } of foundations) {
    const changed = done.changed.length > 0 ? `was there; changed ${done.changed.join(", ")}` : "was there";
    table.push([what, name, done.wasThere ? changed : "made"]);
  }
  return [
    table.toString(),
    ...(isOwner
      ? []
      : [
          `${caller.arn} may not use them: assume the role castchat-recovery-deployer (with the tag ${tag} = true, or --trust), or name it in the setting deployerArns and run the same command again.`,
        ]),
    "To remove them, once the stack is destroyed (an S3 bucket has to be empty; without the key no secret of the state can be read):",
    ...foundations.toReversed().flatMap(({ remove }) => remove.map((line) => `  ${line}`)),
    "In each shell that works on this stack:",
    `  export PULUMI_BACKEND_URL='${backendUrl}'`,
    "Once:",
    `  pulumi stack init ${stack} --secrets-provider='${secretsProvider}'`,
    `Then: pulumi up -s ${stack}`,
  ];
}
