import { messageOf, UserError } from "../../services/common/errors.ts";

/** What was run, for the sentence. */
interface PulumiCall {
  stack: string;
  /** The folder of Pulumi.yaml. */
  workspace: string;
}

/** Faults of use and set-up, by what the engine says of them. */
const SENTENCES: readonly [said: RegExp, sentence: (call: PulumiCall) => string][] = [
  [
    /incorrect passphrase/i,
    ({ stack }) =>
      `The passphrase does not open the secrets of stack ${stack}: set PULUMI_CONFIG_PASSPHRASE to the one that the stack was made with.`,
  ],
  [
    /passphrase must be set/i,
    ({ stack }) =>
      `The secrets of stack ${stack} are closed: set PULUMI_CONFIG_PASSPHRASE to the passphrase that the stack was made with.`,
  ],
  [
    /no stack named/i,
    ({ stack }) =>
      `There is no stack named ${stack} in this backend: the project has the stacks prod and dr (\`pulumi stack ls\`).`,
  ],
  [
    /no Pulumi\.yaml project file found/i,
    ({ workspace }) => `There is no Pulumi project in ${workspace}: run the command in the project's folder.`,
  ],
  [
    // Also where the address is of no kind that the engine knows: it then looks for Pulumi's own service.
    /PULUMI_ACCESS_TOKEN must be set/,
    () => "Pulumi is logged in to no backend: set PULUMI_BACKEND_URL to the one that holds the state of the stacks.",
  ],
];

/** The backend that holds the state, by the words of those that open it. */
const BACKEND = /unable to open bucket|blob \(key "?\.pulumi\//i;

/** Wrong use or set-up, as one sentence with what to do; undefined where what the engine has said is something else. */
export function setupFault(said: string, call: PulumiCall): UserError | undefined {
  const [, sentence] = SENTENCES.find(([pattern]) => pattern.test(said)) ?? [];
  if (sentence !== undefined) return new UserError(sentence(call));
  if (!BACKEND.test(said)) return undefined;
  const reason = said.split("\n").find((line) => BACKEND.test(line)) ?? "";
  return new UserError(
    `Pulumi's state can't be read: correct PULUMI_BACKEND_URL, or look at the network and the credentials (${messageOf(new Error(reason.trim().replace(/^error: /, "")))}).`,
  );
}
