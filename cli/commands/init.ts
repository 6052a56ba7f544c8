import { join } from "node:path";

import { Command, Option } from "commander";

import { initialize } from "../../recovery/firstDay/init.ts";
import { endpointsIn, readStackFile } from "../../recovery/firstDay/stackFile.ts";
import { projectNameIn } from "../../recovery/pulumi/previewWorkspace.ts";
import { services } from "../../services/services.ts";
import { agree, askOnTerminal } from "../terminal/choice.ts";
import { example } from "../terminal/help.ts";
import { abortOnInterrupt } from "../terminal/interruption.ts";
import { jsonOption } from "../terminal/options.ts";
import { printResult, reportText } from "../terminal/progress.ts";
import { chosenText, foundText } from "../text/foundText.ts";

interface Options {
  database?: string;
  zone?: string;
  app: string[];
  repository: string[];
  vercelTeam?: string;
  awsAccount?: string;
  awsRegion?: string;
  standbyAccount?: string;
  standbyRegion?: string;
  standbyDatabaseRegion?: string;
  mirrorOwner?: string;
  force?: boolean;
  json?: boolean;
}

/** What comes after `init`. */
const NEXT = ["castchat-recovery bootstrap -s dr", "castchat-recovery bootstrap -s prod", "pulumi up -s dr"];

/** `castchat-recovery init`: writes the settings of both stacks from what exists. */
export function initCommand(): Command {
  return new Command("init")
    .option("--database <ref>", "the Supabase project that holds CastChat's database")
    .option("--zone <name>", "the Cloudflare zone of the public names")
    .addOption(repeatable("--app <project>", "a Vercel project that is one of CastChat's apps; may be repeated"))
    .addOption(
      repeatable("--repository <project=owner/name>", "the code of a Vercel project without a Git link to GitHub"),
    )
    .option("--vercel-team <slug>", "the Vercel team of the apps")
    .option("--aws-account <id>", "the AWS account of the primary's vault")
    .option("--aws-region <region>", "the AWS region of the primary's vault; the database's without it")
    .option("--standby-account <id>", "the AWS account of the standby; the primary's without it")
    .option("--standby-region <region>", "the AWS region of the standby; one near the primary's without it")
    .option("--standby-database-region <region>", "where a recovery creates its Supabase project")
    .option("--mirror-owner <owner>", "the GitHub owner of the mirrors; the app's without it")
    .option("--force", "also change a file with settings of your own; those that init does not decide stay")
    .addOption(jsonOption("files, notes, next"))
    .addHelpText(
      "after",
      "\nReads Supabase, Vercel, Cloudflare and GitHub with the tokens of the environment, asks what belongs together, and writes Pulumi.prod.yaml" +
        "\nand Pulumi.dr.yaml: everything live in state existing. Without a terminal it takes the options, and what is unambiguous.",
    )
    .addHelpText("after", example("init --aws-account 111111111111 --standby-account 222222222222"))
    .action(async (options: Options) => {
      const signal = abortOnInterrupt();
      const workspace = process.cwd();
      const project = await projectNameIn(workspace);
      const present = await Promise.all(
        ["prod", "dr"].map((one) => readStackFile(join(workspace, `Pulumi.${one}.yaml`))),
      );
      const endpoints = endpointsIn(present, project);
      const portsFor = (vercelTeam?: string) => services({ awsRegion: "", endpoints, vercelTeam }, process.env).ports;
      const { databaseHost, dns, codeHost } = portsFor();
      const result = await initialize({
        workspace,
        project,
        lookups: { databaseHost, dns, codeHost, appHost: (team) => portsFor(team).appHost() },
        given: { ...options, apps: options.app, repositories: options.repository },
        ask: askOnTerminal(signal),
        confirm: async (files) => {
          if (options.force !== true)
            await agree(
              `${files.join(" and ")} ${files.length === 1 ? "has" : "have"} settings of your own. Those that init decides are replaced, the others stay.`,
              "--force",
              signal,
            );
        },
        show: (found) => reportText(foundText(found)),
        signal,
      });
      const { files, notes, chosen } = result;
      printResult({ files, notes, next: NEXT }, options.json === true, [
        "This belongs together:",
        chosenText(chosen),
        ...notes,
        `Written: ${files.join(" and ")}. Nothing else was created or changed. Read both files, then:`,
        ...NEXT.map((line) => `  ${line}`),
      ]);
    });
}

/** An option that may be given several times. */
function repeatable(flags: string, description: string): Option {
  return new Option(flags, description)
    .argParser((value: string, before: string[]) => [...before, value])
    .default([], "none");
}
