import { Command } from "commander";

import { closeGate, ENGINEER, gateState, letAuthIn, openGate } from "../../recovery/gate/writeGate.ts";
import { type Session, withSession } from "../../recovery/postgres/session/database.ts";
import { UserError } from "../../services/common/errors.ts";
import { readStack } from "../stack/stackContext.ts";
import { example } from "../terminal/help.ts";
import { abortOnInterrupt } from "../terminal/interruption.ts";
import { jsonOption, stackOption } from "../terminal/options.ts";
import { printResult, reportLine } from "../terminal/progress.ts";
import { holderName, isUnfinished, NEXT_OF_REPLACEMENT, statusLines } from "../text/gateText.ts";

/** What users notice: PostgREST, the auth and the storage service can't connect, also for reading. */
const OUTAGE = "Logins, the API and uploads fail until `castchat-recovery writes allow`";

interface Options {
  stack: string;
  json?: boolean;
  authOnly?: boolean;
}

/** `castchat-recovery writes`: stops and allows writes to the stack's database, the first step against corruption. */
export function writesCommand(): Command {
  return new Command("writes")
    .addCommand(
      command(
        "stop",
        `let only the recovery write. ${OUTAGE}`,
        "stopped, closedAt, wasStopped, sessionsEnded",
        (session, signal) => stop(session, signal),
      ),
    )
    .addCommand(
      command(
        "allow",
        "undo exactly what `writes stop` has changed",
        "stopped, wasStopped, gone, sessionsEnded; with --auth-only: stopped, authAllowed, wasOut",
        (session, signal, options) => (options.authOnly === true ? allowAuth(session) : allow(session, signal)),
      ).option("--auth-only", "let only the auth service in, to test logins before the app writes"),
    )
    .addCommand(
      command(
        "status",
        "show whether writes are stopped, since when, and by which command",
        "stopped, unfinished, authAllowed, olderSessions, layers (holder, level, closedAt, sessionsEnded, opening)",
        (session) => status(session),
      ),
    );
}

/** The facts as JSON, and the lines for people. */
type Answer = [facts: object, lines: string[]];

function command(
  name: string,
  description: string,
  fields: string,
  work: (session: Session, signal: AbortSignal, options: Options) => Promise<Answer>,
): Command {
  return new Command(name)
    .description(description)
    .addOption(stackOption())
    .addOption(jsonOption(fields))
    .addHelpText("after", example(`writes ${name} -s prod`))
    .action(async (options: Options) => {
      const signal = abortOnInterrupt();
      const { outputs } = await readStack(options.stack, signal);
      const { databaseUrl } = outputs;
      if (databaseUrl === undefined)
        throw new UserError(`Stack ${options.stack} has no database, so there are no writes to stop.`);
      const named = { applicationName: `castchat-recovery writes ${name}`, signal };
      const [facts, lines] = await withSession(databaseUrl, named, (session) => work(session, signal, options));
      printResult(facts, options.json === true, lines);
    });
}

async function stop(session: Session, signal: AbortSignal): Promise<Answer> {
  await refuseOtherClosing(session);
  reportLine(`Stopping writes. ${OUTAGE}.`);
  const { layer, wasClosed, sessionsEnded } = await closeGate(session, { holder: ENGINEER, level: "writes", signal });
  const closedAt = layer.closedAt.toISOString();
  return [
    { stopped: true, closedAt, wasStopped: wasClosed, sessionsEnded },
    [
      `Writes ${wasClosed ? "were already stopped" : "are stopped"}, since ${closedAt}. Terminated sessions: ${sessionsEnded}.`,
      `${OUTAGE}. An app with its own connection as the database's owner can read, but not write.`,
    ],
  ];
}

/** Refuses to add a layer above a replacement's, which would block the end of the replacement. */
async function refuseOtherClosing(session: Session): Promise<void> {
  const { layers } = await gateState(session);
  const above = layers.at(-1);
  if (above === undefined || above.holder === ENGINEER) return;
  throw new UserError(
    `Writes are already stopped, since ${above.closedAt.toISOString()}, by ${holderName(above)}. ${NEXT_OF_REPLACEMENT}`,
  );
}

async function allow(session: Session, signal: AbortSignal): Promise<Answer> {
  const { wasClosed, stillClosed, gone, sessionsEnded } = await openGate(session, ENGINEER, signal);
  const lines = [
    wasClosed ? "Writes are allowed again." : "`writes stop` had not stopped writes, so nothing was changed.",
    ...(stillClosed ? [`Writes stay stopped by ${await holders(session)}.`] : []),
    ...gone.map((reason) => `Not undone: ${reason}.`),
  ];
  return [{ stopped: stillClosed, wasStopped: wasClosed, gone, sessionsEnded }, lines];
}

async function allowAuth(session: Session): Promise<Answer> {
  const wasOut = await letAuthIn(session, ENGINEER);
  return [
    { stopped: true, authAllowed: true, wasOut },
    [
      wasOut ? "Only the auth service may connect and write again." : "The auth service could already connect.",
      "To stop it again, run `castchat-recovery writes stop`.",
    ],
  ];
}

async function status(session: Session): Promise<Answer> {
  const state = await gateState(session);
  const { olderSessions, authAllowed } = state;
  const layers = state.layers.map(({ holder, level, closedAt, sessionsEnded, opening }) => {
    return { holder, level, closedAt: closedAt.toISOString(), sessionsEnded, opening };
  });
  const facts = { stopped: layers.length > 0, unfinished: isUnfinished(state), authAllowed, olderSessions, layers };
  return [facts, statusLines(state)];
}

async function holders(session: Session): Promise<string> {
  return (await gateState(session)).layers.map(holderName).join(", ");
}
