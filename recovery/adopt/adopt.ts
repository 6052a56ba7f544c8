import { messageOf, PromiseError, UserError } from "../../services/common/errors.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import { ADOPTION, type Imports, IMPORTS_VARIABLE } from "../../settings/managedParts.ts";
import { readExport, type StateResource } from "../pulumi/exportedState.ts";
import type { Pulumi } from "../pulumi/pulumi.ts";
import type { RegisteredResource } from "../pulumi/pulumiResources.ts";
import { nameIn, recordedIds, withRecord } from "./adoptionState.ts";
import { differencesIn } from "./differences.ts";
import { type AdoptPorts, type LivePart, liveParts, type ManagedSettings } from "./liveParts.ts";
import type { LeftRecord } from "./ownRecords.ts";
import { withSettings } from "./stackFile.ts";

/** What an adoption works with. */
export interface AdoptOptions extends AdoptPorts {
  stack: string;
  settings: ManagedSettings;
  pulumi: Pick<Pulumi, "exportState" | "rewriteState" | "steps" | "upOnly">;
  /** Takes resources out of the state, also after an interruption. */
  forget: Pulumi["forget"];
  /** The stack's file. */
  file: { read: () => Promise<string>; write: (text: string) => Promise<void> };
  /** What the program registers with the settings of the file. */
  registered: () => Promise<readonly RegisteredResource[]>;
  /** Shows what will happen, and asks. Throws to refuse. */
  agree: (lines: readonly string[]) => Promise<void>;
  reporter: Reporter;
  signal: AbortSignal;
}

/** What was adopted. */
export interface Adopted {
  stack: string;
  /** Names of the resources that are in the state now. */
  resources: string[];
  /** Names of those that this run has brought in. */
  broughtIn: string[];
  /** Records that stay outside of Pulumi. */
  left: readonly LeftRecord[];
}

/**
 * Brings what the settings call managed under Pulumi. It reads the live project and zone, writes the settings that declare them, and has the
 * engine import them. That is done only if a preview afterwards plans no change of them; otherwise state and settings are as before. Nothing
 * at a service is changed at any point. Can be run again after an interruption anywhere.
 *
 * @throws UserError if nothing is managed, if a part cannot be declared, or if a killed update has to be resumed first
 * @throws PromiseError with a line for each property in which program and service differ
 */
export async function adopt(options: AdoptOptions): Promise<Adopted> {
  const { stack, settings, pulumi, reporter, signal } = options;
  const before = await pulumi.exportState();
  const { resources, pending } = readExport(before);
  if (pending.length > 0)
    throw new UserError(
      `An update of stack ${stack} was killed. Run \`castchat-recovery resume -s ${stack}\`, then this command again.`,
    );
  const state = resources.filter((one) => one.delete !== true);
  const known = new Set(state.map(({ urn }) => nameIn(urn)));
  const parts = await liveParts(settings, options, known, signal);
  if (parts.length === 0)
    throw new UserError(
      `Nothing of stack ${stack} is managed. Set state: managed in an app, or dns to managed, in Pulumi.${stack}.yaml, and run the same command again.`,
    );
  for (const part of parts) refuseOwn(part, state, stack);
  const ids = Object.fromEntries(parts.flatMap((part) => Object.entries(part.ids)));
  const missing = Object.keys(ids).filter((name) => !known.has(name));
  const left = parts.flatMap((part) => part.left);
  const result = { stack, resources: Object.keys(ids), broughtIn: missing, left };
  const recorded = recordedIds(before);
  if (missing.length === 0 && Object.keys(ids).every((name) => recorded[name] !== undefined)) return result;

  await options.agree(linesOf(parts, missing, left));
  const settingsBefore = await options.file.read();
  await options.file.write(
    withSettings(
      settingsBefore,
      parts.flatMap((part) => part.changes),
    ),
  );
  try {
    await bringIn(options, { parts, ids, missing, known });
  } catch (error) {
    reporter("Putting the state and the settings back");
    await options.file.write(settingsBefore);
    await putBack(options, new Set(state.map(({ urn }) => urn)), missing, error);
    throw error;
  }
  return result;
}

interface Task {
  parts: readonly LivePart[];
  ids: Readonly<Record<string, string>>;
  /** Names of the resources that the state lacks. */
  missing: readonly string[];
  /** Names of all resources in the state. */
  known: ReadonlySet<string>;
}

async function bringIn({ pulumi, registered, reporter }: AdoptOptions, task: Task): Promise<void> {
  const { parts, ids, missing, known } = task;
  const declared = await registered();
  const ours = new Set([...Object.keys(ids), ...parts.map(({ component }) => component)]);
  const urns = declared.map(({ urn }) => urn).filter((urn) => ours.has(nameIn(urn)));
  const targets = urns.filter((urn) => !known.has(nameIn(urn)));
  if (targets.length > 0) {
    reporter(`Reading ${missing.length} resources into the state, without a change at their services`);
    await pulumi.upOnly(targets, environmentOf({ ids: { ...ids }, bringIn: [...missing] }));
  }
  reporter("Comparing them with the program, by a preview");
  const steps = await pulumi.steps(environmentOf({ ids: { ...ids }, bringIn: [] }));
  const all = new Set(urns);
  const differences = differencesIn(steps, (urn) => all.has(urn));
  if (differences.length > 0)
    throw new PromiseError(
      [
        "Nothing was adopted: the program would change what is live. These properties differ:",
        ...differences.map((one) => `  ${one}`),
        "Change them at the service, or leave that part existing.",
      ].join("\n"),
    );
  const record = steps.find(({ urn }) => nameIn(urn) === ADOPTION)?.newState;
  if (!record) throw new Error("The preview has no record of what was adopted.");
  await pulumi.rewriteState((current) => withRecord(current, record, ids));
}

function environmentOf(imports: Imports): Record<string, string> {
  return { [IMPORTS_VARIABLE]: JSON.stringify(imports) };
}

/** Takes out of the state what a failed adoption has brought in, with the providers that it needed. Nothing else is touched. */
async function putBack(
  { pulumi, forget }: AdoptOptions,
  before: ReadonlySet<string>,
  missing: readonly string[],
  error: unknown,
): Promise<void> {
  const isAdded = ({ urn, type }: Pick<StateResource, "urn" | "type">) =>
    !before.has(urn) &&
    (missing.includes(nameIn(urn)) || type.startsWith("castchat:index:") || type.startsWith("pulumi:providers:"));
  try {
    await forget({ forgets: isAdded, unprotects: () => false });
  } catch (fault) {
    throw new Error(
      `${messageOf(error)} The state could not be put back (${messageOf(fault)}). Run the same command again, or \`castchat-recovery adopt --release\`.`,
      { cause: pulumi },
    );
  }
}

/** A part that the stack has created holds more than what is declared of a managed one, and the next `up` would delete the rest. */
function refuseOwn(part: LivePart, state: readonly StateResource[], stack: string): void {
  const component = state.find(({ urn }) => nameIn(urn) === part.component);
  if (component === undefined) return;
  const others = state
    .filter(({ parent }) => parent === component.urn)
    .map(({ urn }) => nameIn(urn))
    .filter((name) => part.ids[name] === undefined && !name.startsWith(`${part.component}-record-`));
  if (others.length > 0)
    throw new UserError(
      `Stack ${stack} has created ${part.what}: ${others.join(", ")} would be deleted with the next \`pulumi up\`. Leave it "create".`,
    );
}

function linesOf(parts: readonly LivePart[], missing: readonly string[], left: readonly LeftRecord[]): string[] {
  return [
    ...parts.map(({ what }) => `Under Pulumi: ${what}.`),
    `${missing.length} resources are read into the state. Nothing is changed at their services, and no \`pulumi up\` or \`pulumi destroy\` will delete them.`,
    ...left.map(({ name, type, why }) => `Stays outside: ${type} ${name}, ${why}.`),
  ];
}
