import { messageOf, UserError } from "../../services/common/errors.ts";

/** What was run: the stack, and the folder of Pulumi.yaml. */
interface PulumiCall {
  stack: string;
  workspace: string;
}

/** Faults of use and set-up, by what the engine prints. */
const SENTENCES: readonly [said: RegExp, sentence: (call: PulumiCall) => string][] = [
  [
    /incorrect passphrase/i,
    ({ stack }) =>
      `The passphrase does not open the secrets of stack ${stack}. Set PULUMI_CONFIG_PASSPHRASE to the one that the stack was created with.`,
  ],
  [
    /passphrase must be set/i,
    ({ stack }) =>
      `The secrets of stack ${stack} are encrypted. Set PULUMI_CONFIG_PASSPHRASE to the passphrase that the stack was created with.`,
  ],
  [
    /no stack named/i,
    ({ stack }) =>
      `There is no stack named ${stack} in this backend. \`pulumi stack ls\` lists its stacks. If one is missing there, check PULUMI_BACKEND_URL. \`pulumi stack select --create ${stack}\` makes a new one.`,
  ],
  [
    /no Pulumi\.yaml project file found/i,
    ({ workspace }) => `There is no Pulumi project in ${workspace}. Run the command in the project's folder.`,
  ],
  [
    // Also if the engine does not know this kind of address: it then looks for Pulumi's own service.
    /PULUMI_ACCESS_TOKEN must be set/,
    () => "Pulumi is logged in to no backend. Set PULUMI_BACKEND_URL to the one that holds the state of the stacks.",
  ],
];

/** The engine's words for a backend that it can't open. */
const BACKEND = /unable to open bucket|blob \(key "?\.pulumi\//i;

/** Wrong use or set-up, as a message with what to do. Undefined if the engine's output says something else. */
export function setupFault(said: string, call: PulumiCall): UserError | undefined {
  const [, sentence] = SENTENCES.find(([pattern]) => pattern.test(said)) ?? [];
  if (sentence !== undefined) return new UserError(sentence(call));
  if (!BACKEND.test(said)) return undefined;
  const reason = said.split("\n").find((line) => BACKEND.test(line)) ?? "";
  return new UserError(
    `Pulumi's state can't be read. Check PULUMI_BACKEND_URL, the network and the credentials, for instance with \`aws s3 ls s3://BUCKET\` (${messageOf(reason.trim().replace(/^error: /, ""))}).`,
  );
}

/** For every command that starts the engine. */
export const NO_PULUMI = "The Pulumi command is not on PATH. Run `make setup`, or install Pulumi.";
