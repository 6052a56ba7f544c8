import { Command } from "commander";

import type { GateLayer } from "../../recovery/gate/gateRecord.ts";
import { closeGate, type GateState, gateState, letAuthIn, openGate } from "../../recovery/gate/writeGate.ts";
import { type Session, withSession } from "../../recovery/postgres/session/database.ts";
import { UserError } from "../../services/common/errors.ts";
import { readStack } from "../stack/stackContext.ts";
import { example } from "../terminal/help.ts";
import { abortOnInterrupt } from "../terminal/interruption.ts";
import { jsonOption, stackOption } from "../terminal/options.ts";
import { printResult } from "../terminal/progress.ts";

/** Who an engineer's closing belongs to. */
const HOLDER = "writes stop";

interface Options {
  stack: string;
  json?: boolean;
  authOnly?: boolean;
}

/** `castchat-recovery writes`: stops and allows writes to the stack's database, the guide's first step against corruption. */
export function writesCommand(): Command {
  return new Command("writes")
    .description("stop and allow writes to the stack's database")
    .addCommand(
      command(
        "stop",
        "let only recovery write: API, auth and storage can't connect, the app's sessions are read-only",
        "stopped, closedAt, wasStopped, sessionsEnded",
        (session, signal) => stop(session, signal),
      ),
    )
    .addCommand(
      command(
        "allow",
        "put back exactly what `writes stop` has changed",
        "stopped, wasStopped, gone, sessionsEnded; with --auth-only: stopped, authAllowed, wasOut",
        (session, signal, options) => (options.authOnly === true ? allowAuth(session) : allow(session, signal)),
      ).option("--auth-only", "let only the auth service in, to try logins before the app writes"),
    )
    .addCommand(
      command(
        "status",
        "whether writes are stopped, since when, and by whom",
        "stopped, unfinished, olderSessions, layers (holder, level, closedAt, sessionsEnded, opening)",
        (session) => status(session),
      ),
    );
}

/** Facts, and lines for people. */
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
      if (databaseUrl === undefined) throw new UserError(`Stack ${options.stack} runs no database: it has no writes.`);
      const named = { applicationName: `castchat-recovery writes ${name}`, signal };
      const [facts, lines] = await withSession(databaseUrl, named, (session) => work(session, signal, options));
      printResult(facts, options.json === true, lines);
    });
}

async function stop(session: Session, signal: AbortSignal): Promise<Answer> {
  await refuseOtherClosing(session);
  const { layer, wasClosed, sessionsEnded } = await closeGate(session, { holder: HOLDER, level: "writes", signal });
  const closedAt = layer.closedAt.toISOString();
  return [
    { stopped: true, closedAt, wasStopped: wasClosed, sessionsEnded },
    [
      `Writes ${wasClosed ? "were stopped already" : "are stopped"}, since ${closedAt}. Sessions ended: ${sessionsEnded}.`,
      "The API, the auth and the storage service can't connect; the app reads on and is refused to write.",
      "`castchat-recovery writes allow` puts everything back.",
    ],
  ];
}

/** On top of another's closing it would keep that one from its end. */
async function refuseOtherClosing(session: Session): Promise<void> {
  const { layers } = await gateState(session);
  const above = layers.at(-1);
  if (above === undefined || above.holder === HOLDER) return;
  throw new UserError(
    `Writes are stopped already, since ${above.closedAt.toISOString()}, by ${nameOf(above)}. ${NEXT_OF_REPLACEMENT}`,
  );
}

/** Who keeps the gate closed: a replacement closes it under its own id. */
function nameOf({ holder }: GateLayer): string {
  return holder === HOLDER ? `\`${HOLDER}\`` : `a replacement of the database (restore in-place, ${holder})`;
}

const NEXT_OF_REPLACEMENT =
  "The replacement allows them when it ends. If it was interrupted, run the same `castchat-recovery restore in-place` again to continue, or `castchat-recovery restore abandon` to go back.";

async function allow(session: Session, signal: AbortSignal): Promise<Answer> {
  const { wasClosed, stillClosed, gone, sessionsEnded } = await openGate(session, HOLDER, signal);
  const lines = [
    wasClosed ? "Writes are allowed again." : "Writes had not been stopped by `writes stop`: nothing was changed.",
    ...(stillClosed ? [`They stay stopped by ${await holders(session)}.`] : []),
    ...gone.map((reason) => `Not put back: ${reason}.`),
  ];
  return [{ stopped: stillClosed, wasStopped: wasClosed, gone, sessionsEnded }, lines];
}

async function allowAuth(session: Session): Promise<Answer> {
  const wasOut = await letAuthIn(session, HOLDER);
  return [
    { stopped: true, authAllowed: true, wasOut },
    [
      wasOut ? "The auth service may connect and write again; nobody else." : "The auth service was let in already.",
      "`castchat-recovery writes stop` shuts it out again.",
    ],
  ];
}

async function status(session: Session): Promise<Answer> {
  const state = await gateState(session);
  const layers = state.layers.map(({ holder, level, closedAt, sessionsEnded, opening }) => {
    return { holder, level, closedAt: closedAt.toISOString(), sessionsEnded, opening };
  });
  const unfinished = isUnfinished(state);
  return [
    { stopped: layers.length > 0, unfinished, olderSessions: state.olderSessions, layers },
    layers.length === 0
      ? ["Writes are allowed."]
      : [
          ...state.layers.map(
            (layer) => `Stopped since ${layer.closedAt.toISOString()} by ${nameOf(layer)}${DEPTH[layer.level]}.`,
          ),
          ...(state.layers.some(({ holder }) => holder !== HOLDER) ? [NEXT_OF_REPLACEMENT] : []),
          ...(unfinished
            ? [
                `It was interrupted, and ${state.olderSessions} older sessions may still write: run the same command again.`,
              ]
            : []),
        ],
  ];
}

const DEPTH = { writes: "", all: "; nobody reads either" } as const;

function isUnfinished({ layers, olderSessions }: GateState): boolean {
  return olderSessions > 0 || layers.some((layer) => !layer.sessionsEnded || layer.opening);
}

async function holders(session: Session): Promise<string> {
  return (await gateState(session)).layers.map(nameOf).join(", ");
}
