import { Command, InvalidArgumentError, Option } from "commander";

import { finishRollback } from "../../recovery/rollback/finish.ts";
import { releaseStatus } from "../../recovery/rollback/releaseStatus.ts";
import { revertRelease } from "../../recovery/rollback/revertCommits.ts";
import { rollBack } from "../../recovery/rollback/rollBack.ts";
import { UserError } from "../../services/common/errors.ts";
import { rollbackPortsOf, rolledAppOf } from "../stack/rolledApp.ts";
import { readStack } from "../stack/stackContext.ts";
import { EXIT } from "../terminal/failure.ts";
import { addDefault, example } from "../terminal/help.ts";
import { abortOnInterrupt } from "../terminal/interruption.ts";
import { jsonOption, stackOption } from "../terminal/options.ts";
import { printResult } from "../terminal/progress.ts";
import { finishLines, revertLines, rollbackLines, statusLines } from "../text/rollbackText.ts";

interface Options {
  stack: string;
  app?: string;
  to?: string;
  despite?: "schema";
  revertCommit?: boolean;
  preview?: boolean;
  watch: number;
  yes?: boolean;
  json?: boolean;
}

const OUTCOME = "verdict, reasons, moved, undone";

/** `castchat-recovery rollback`: goes back to an earlier release of an app, and ends that again. */
export function rollbackCommand(): Command {
  const group = new Command("rollback");
  return addDefault(group, startCommand())
    .addCommand(finishCommand())
    .addCommand(statusCommand())
    .addHelpText("after", example("rollback -s prod"));
}

function startCommand(): Command {
  return common("start")
    .description(
      "point the public names to an earlier deployment, watch it as users do, and undo that if it is unhealthy",
    )
    .option("--to <deployment>", "its id or own address; the newest healthy one before the present one without it")
    .addOption(new Option("--despite <check>", "take a deployment that may not fit the database").choices(["schema"]))
    .option("--revert-commit", "also take the bad commits back on the branch, wait for its deployment, and finish")
    .option("--preview", "only look: which deployment would be taken, and what is known against it")
    .addOption(
      jsonOption(
        `project, from, badCommit, to, commit, ${OUTCOME}, holdsBuilds, notes, plan; with --revert-commit: rollback, revert, finish`,
      ),
    )
    .addHelpText("after", example("rollback -s prod"))
    .addHelpText(
      "after",
      "\nIf it is not known whether the deployment is healthy, it stays (exit code 1). After an interruption, run the same command again.",
    )
    .action(start);
}

function finishCommand(): Command {
  return common("finish")
    .description("end a rollback: the newest good deployment gets the names, and new ones follow by themselves again")
    .option("--to <deployment>", "take this one for good; the newest without the bad commits otherwise")
    .addOption(jsonOption(`project, to, commit, ${OUTCOME}, followsBuilds`))
    .addHelpText("after", example("rollback finish -s prod"))
    .action(finish);
}

function statusCommand(): Command {
  return new Command("status")
    .description("show which deployment serves, whether it was rolled back, and the earlier ones that can be taken")
    .addOption(stackOption())
    .addOption(appOption())
    .addOption(jsonOption("state, isRolledBack, candidates, heldCommits"))
    .addHelpText("after", example("rollback status -s prod"))
    .action(status);
}

function common(name: string): Command {
  return new Command(name)
    .addOption(stackOption())
    .addOption(appOption())
    .addOption(
      new Option("--watch <seconds>", "how long the app is watched before it is judged").argParser(seconds).default(60),
    )
    .option("--yes", "do not ask");
}

function appOption(): Option {
  return new Option("--app <name>", "the app, if the stack has several: its name or Vercel project");
}

function seconds(text: string): number {
  if (/^\d{1,3}$/.test(text) && Number(text) >= 2 && Number(text) <= 900) return Number(text);
  throw new InvalidArgumentError("It must be a whole number of seconds from 2 to 900.");
}

async function opened({
  stack,
  app: name,
  yes = false,
  watch,
}: Pick<Options, "stack" | "app" | "yes"> & { watch?: number | undefined }) {
  const signal = abortOnInterrupt();
  const context = await readStack(stack, signal);
  const app = rolledAppOf(context, name);
  return { app, ports: rollbackPortsOf(context, { app: name, yes, windowSeconds: watch }, signal) };
}

/** The exit code says whether the app is known to be healthy. */
function judged(verdict: string): void {
  if (verdict === "unhealthy" || verdict === "inconclusive") process.exitCode = EXIT.promiseNotKept;
}

async function start(options: Options): Promise<void> {
  const { to, despite, revertCommit = false, preview = false, json = false } = options;
  if (revertCommit && preview) throw new UserError("--preview only looks: leave out --revert-commit.");
  const { app, ports } = await opened({ ...options, ...(preview && { watch: undefined }) });
  const result = await rollBack(ports, app, { to, preview, despiteSchema: despite === "schema" });
  judged(result.verdict);
  if (!revertCommit || result.verdict !== "healthy") {
    printResult(result, json, rollbackLines(app, result));
    return;
  }
  const revert = await revertRelease(ports, app, process.env);
  const ended = await finishRollback(ports, app, { to: revert.deploymentId });
  judged(ended.verdict);
  printResult({ rollback: result, revert, finish: ended }, json, [
    ...rollbackLines(app, result).slice(0, 1),
    ...revertLines(revert),
    ...finishLines(app, ended),
  ]);
}

async function finish(options: Options): Promise<void> {
  const { app, ports } = await opened(options);
  const result = await finishRollback(ports, app, { to: options.to });
  judged(result.verdict);
  printResult(result, options.json === true, finishLines(app, result));
}

async function status(options: Options): Promise<void> {
  const { app, ports } = await opened({ ...options, watch: undefined });
  const result = await releaseStatus(ports, app);
  printResult(result, options.json === true, statusLines(app, result));
}
