import type { MadeBy } from "../../planning/madeBy.ts";

/** What has made a report, as tests have it. */
export const MADE_BY_TEST: MadeBy = {
  version: "0.1.0",
  commit: "c0ffee",
  changed: true,
  cpu: "A processor",
  cores: 2,
  memoryBytes: 2 ** 34,
  system: "Linux 6.1 x64",
  node: "24.21.0",
  pulumi: "v3.250.0",
  postgres: "17.10",
};
