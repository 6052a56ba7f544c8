import { type LiveVariable, type LiveVariables, liveVariables } from "../../recovery/environment/liveVariables.ts";
import type { AppHost } from "../../services/appHost/appHost.ts";
import { messageOf, UserError } from "../../services/common/errors.ts";
import type { App } from "../../settings/apps.ts";
import type { Settings } from "../../settings/settings.ts";
import { reportLine } from "../terminal/progress.ts";
import { portsOf } from "./services.ts";
import type { StackContext } from "./stackContext.ts";

/** An app of a stack, by its name or its Vercel project. UserError if none is named and there are several. */
export function appNamed({ apps, stack }: Settings, name: string | undefined): App {
  const found: readonly App[] =
    name === undefined ? apps : apps.filter((one) => one.name === name || one.project === name);
  const [app, ...more] = found;
  if (app !== undefined && more.length === 0) return app;
  const names = apps.map((one) => one.name ?? one.project).join(", ");
  throw new UserError(
    name === undefined
      ? `Stack ${stack} has several apps: name one with --app (${names}).`
      : `Stack ${stack} has no app ${name}; its apps are ${names}.`,
  );
}

/** The reference of the live Supabase project, as far as the stack knows it. */
export function liveRefOf({ settings, outputs }: StackContext): string | undefined {
  return outputs.supabaseRef ?? settings.supabaseRef ?? settings.peerSupabaseRef;
}

/** The Vercel project in which the app is live, and the app host that shows it. A standby that has not recovered anything looks at the other stack's. */
function liveProjectOf(settings: Settings, app: App): { appHost: AppHost; project: string } {
  const { appHost, peerAppHost } = portsOf(settings);
  if (settings.role === "primary" || settings.mode === "active") return { appHost: appHost(), project: app.project };
  if (app.peerProject !== undefined) return { appHost: peerAppHost(), project: app.peerProject };
  throw new UserError(
    `Stack ${settings.stack} does not know the live project of ${app.project}: set peerProject of the app in castchat-recovery:apps, or name the primary with -s.`,
  );
}

/** The live project's variables, without values. */
export async function liveAppOf({ settings }: StackContext, app: App, signal: AbortSignal): Promise<LiveVariables> {
  const { appHost, project } = liveProjectOf(settings, app);
  return await liveVariables(appHost, project, signal);
}

/** The same, or undefined with the reason on the terminal: in an emergency the live project may be gone. */
export async function liveOrNote(
  context: StackContext,
  app: App,
  signal: AbortSignal,
  instead: string,
): Promise<LiveVariables | undefined> {
  try {
    return await liveAppOf(context, app, signal);
  } catch (error) {
    signal.throwIfAborted();
    reportLine(`The live project's variables could not be read: ${messageOf(error)} ${instead}.`);
    return undefined;
  }
}

/** Reads a readable value of the live project. */
export function readableValue({ settings }: StackContext, app: App, signal: AbortSignal) {
  return async ({ id }: LiveVariable): Promise<string> => {
    const { appHost, project } = liveProjectOf(settings, app);
    return await appHost.variableValue(project, id, signal);
  };
}
