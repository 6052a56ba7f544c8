import { appendFileSync } from "node:fs";
import { join } from "node:path";

import { PROJECT_ROOT } from "../../../lab/sandbox/host/layout.ts";
import type { Witness } from "../../../lab/sandbox/witness.ts";
import { redact } from "../../../services/common/errors.ts";
import { underContract } from "./witness.ts";

/** Where a sandbox's daemon writes the lines that `witnessed` reads. */
const CONTRACT_FILE = "CASTCHAT_CONTRACT_FILE";

/** The variables with which a sandbox starts under this witness, which then writes to the file. */
export const underWitness = (file: string) => ({
  CASTCHAT_SANDBOX_WITNESS: join(PROJECT_ROOT, "tests/support/contracts/daemonWitness.ts"),
  [CONTRACT_FILE]: file,
});

const seen = new Set<string>();

/**
 * The witness of a sandbox's daemon: writes what differs from the vendors' descriptions, each once, and no request or answer. Of a value only
 * the beginning is shown, if it is of the wrong kind. A line of each emulator's name says that it was watched.
 */
export const witness: Witness = (emulator, created) => {
  const note = (line: string) => {
    const file = process.env[CONTRACT_FILE];
    if (file === undefined) throw new Error(`${CONTRACT_FILE} is not set`);
    if (!seen.has(line)) appendFileSync(file, `${line}\n`);
    seen.add(line);
  };
  note(emulator);
  underContract(emulator, created, (fault) => note(redact(fault)));
};
