import type { KnownFault } from "./knownFault.ts";

/** Faults that reviewers once found in this project, each as it was in today's code. `make known-faults` puts them back, one by one. */
export const KNOWN_FAULTS: readonly KnownFault[] = [
  {
    name: "A backup of a machine whose clock is ahead is restored as the newest",
    edits: [
      {
        file: "recovery/vault/chooseBackup.ts",
        find: "proven.filter((backup) => takenAt(backup) <= latestOf(choice))",
        replace: "proven",
      },
    ],
    suite: "tests/recovery/vault/chooseBackup.test.ts",
  },
  {
    name: "A restore takes an older backup although another site of the project has written a newer one",
    edits: [
      {
        file: "recovery/vault/chooseBackup.ts",
        find: "if (at === undefined && untrusted !== undefined) throw new UserError(refusalOf(untrusted, chosen));",
        replace: "",
      },
    ],
    suite: "tests/recovery/vault/chooseBackup.test.ts",
  },
];
