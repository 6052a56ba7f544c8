import { Command, InvalidArgumentError } from "commander";

import type { Seeded } from "../../lab/drills/company/seed.ts";
import { sandboxHome } from "../../lab/sandbox/host/layout.ts";
import { UserError } from "../../services/common/errors.ts";
import { example } from "../terminal/help.ts";
import { abortOnInterrupt } from "../terminal/interruption.ts";
import { loadLab } from "../terminal/lab.ts";
import { jsonOption, rowsOption } from "../terminal/options.ts";
import { printResult, reportText, withProgress } from "../terminal/progress.ts";

/** Posts of a seed: a backup or restore takes a few seconds. */
const SEED_ROWS = 1500;

interface JsonOptions {
  json?: boolean;
}

/** `castchat-recovery sandbox …`: starts, stops and inspects the cloud on this machine. */
export function sandboxCommand(): Command {
  const home = sandboxHome();
  const command = new Command("sandbox");
  command
    .command("start")
    .description("start it, unless it runs")
    .addOption(jsonOption("workspace"))
    .addHelpText("after", example("sandbox start"))
    .action(async (options: JsonOptions) => {
      const { workspace } = await running(home);
      printResult({ workspace }, options.json === true, [
        "The sandbox is running. `make shell` opens a shell in its workspace:",
        `  ${workspace}`,
      ]);
    });
  command
    .command("stop")
    .description("stop it and keep its data")
    .addHelpText("after", example("sandbox stop"))
    .action(async () => {
      const { stopSandbox } = await control();
      await withProgress("Stopping the sandbox", (reporter) => stopSandbox({ home, onProgress: reporter }));
    });
  command
    .command("status")
    .description("show its services and their addresses; exit 1 when it is not running")
    .addOption(jsonOption("running, pid, services (name, url, listening), outages, databases"))
    .addHelpText("after", example("sandbox status"))
    .action(async (options: JsonOptions) => {
      const { sandboxStatus } = await control();
      const status = await sandboxStatus({ home });
      printResult(status, options.json === true, [
        status.running ? `The sandbox is running (process ${status.pid ?? 0}).` : "The sandbox is not running.",
        ...status.services.map(
          (one) => `  ${one.name.padEnd(12)} ${one.url}${one.listening ? "" : "  (not listening)"}`,
        ),
      ]);
      if (!status.running) process.exitCode = 1;
    });
  command
    .command("reset")
    .description("stop it and delete all of its data")
    .option("--yes", "do not ask")
    .addHelpText("after", example("sandbox reset --yes"))
    .action(async (options: { yes?: boolean }) => {
      if (options.yes !== true)
        throw new UserError(`This deletes ${home} with all databases, vaults and states in it. Add --yes to confirm.`);
      const { resetSandbox } = await control();
      await withProgress("Resetting the sandbox", (reporter) => resetSandbox({ home, onProgress: reporter }));
    });
  command
    .command("seed")
    .description(
      "bring CastChat's sample content into it: app repository, mirror, rows, accounts, files; needs stack prod",
    )
    .addOption(rowsOption(SEED_ROWS))
    .addOption(jsonOption("repository, filled (database, project), mirroredRefs, login (email, password), visit"))
    .addHelpText("after", example("sandbox seed --rows 500"))
    .action(async ({ rows, json = false }: JsonOptions & { rows: number }) => {
      const signal = abortOnInterrupt();
      const { environment, workspace, file } = await running(home);
      const { seedCompany } = await loadLab(() => import("../../lab/drills/company/seed.ts"));
      const seeded = await withProgress("Seeding the sandbox", (reporter) =>
        seedCompany({ home, file, engine: { workspace, environment, signal }, rows, reporter }),
      );
      printResult(seeded, json, seededLines(seeded));
    });
  command
    .command("advance")
    .description("advance the clock of the schedules only, so that runs due within these hours are due now")
    .argument("<hours>", "hours to advance, at most a year", hoursIn)
    .addOption(jsonOption("hours"))
    .addHelpText("after", example("sandbox advance 6"))
    .action(async (hours: number, options: JsonOptions) => {
      const { advanceScheduler } = await control();
      await advanceScheduler(home, hours * 3600);
      printResult({ hours }, options.json === true, [`The schedules' clock has advanced by ${hours} hours.`]);
    });
  command
    .command("env")
    .description(
      "print the shell commands that point plain pulumi at the sandbox; they contain the sandbox's own secrets",
    )
    .addOption(jsonOption("environment, workspace"))
    .addHelpText("after", example("sandbox env"))
    .action(async (options: JsonOptions) => {
      const { environment, workspace } = await running(home);
      const lines = Object.entries(environment).map(([name, value]) => `export ${name}=${quoted(value)}`);
      printResult({ environment, workspace }, options.json === true, [...lines, `cd ${quoted(workspace)}`]);
    });
  command
    .command("shell")
    .description("open a shell in which plain pulumi commands use the sandbox; starts it first")
    .addHelpText("after", example("sandbox shell"))
    .action(async () => {
      const { environment, workspace } = await running(home);
      reportText(
        'Plain `pulumi` commands use the sandbox here. README.md ("Play it by hand") has the story; it begins with `pulumi up -s dr`.\n' +
          "To stop the sandbox afterwards, run `castchat-recovery sandbox stop`.",
      );
      const { execa } = await import("execa");
      const shell = await execa(process.env["SHELL"] ?? "/bin/bash", {
        cwd: workspace,
        env: environment,
        stdio: "inherit",
        reject: false,
      });
      process.exitCode = shell.exitCode ?? 1;
    });
  return command;
}

const control = () => loadLab(() => import("../../lab/sandbox/control.ts"));

/** Starts the sandbox, unless it runs, with what a company has from the first day: empty stacks and the app's repository. */
async function running(home: string) {
  const { startSandbox } = await control();
  const { sandboxEnvironment } = await loadLab(() => import("../../lab/sandbox/environment.ts"));
  const { prepareWorkspace } = await loadLab(() => import("../../lab/sandbox/workspace.ts"));
  const { createStacks } = await loadLab(() => import("../../lab/sandbox/stacks.ts"));
  const { createRepository } = await loadLab(() => import("../../lab/drills/company/seed.ts"));
  return await withProgress("Starting the sandbox", async (reporter) => {
    const file = await startSandbox({ home, onProgress: reporter });
    const environment = sandboxEnvironment(home, file);
    const workspace = await prepareWorkspace(home, file);
    reporter("its stacks and the app's repository");
    await Promise.all([createStacks(home, workspace, environment), createRepository(file)]);
    return { environment, workspace, file };
  });
}

/** What a seed has brought, for people. */
function seededLines({ filled, mirroredRefs, login, visit }: Seeded): string[] {
  const state = (brought: boolean): string => (brought ? "filled" : "left as it was, since it is filled already");
  return [
    `The database is ${state(filled.database)}.`,
    `Storage, edge function and auth settings: ${state(filled.project)}.`,
    mirroredRefs === undefined
      ? "The code is not mirrored, since stack dr is not up."
      : `The mirror has ${mirroredRefs} refs of the app's repository.`,
    `An account of the app: ${login.email}, password ${login.password}. The app answers under its public name:`,
    `  ${visit}`,
    "Next: `castchat-recovery backup -s prod`.",
  ];
}

/** The clock can't go back, and a date beyond the known years would stop the schedules for good. */
function hoursIn(text: string): number {
  const hours = Number(text);
  if (!(hours > 0 && hours <= 8784))
    throw new InvalidArgumentError("It must be a number of hours above 0, at most a year.");
  return hours;
}

/** Escapes a text for a shell's single quotes. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
