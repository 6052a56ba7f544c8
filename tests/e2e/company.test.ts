import { afterAll, beforeAll, describe } from "@jest/globals";

import "./support/witnessedDaemon.ts";

import { documents } from "./parts/documents.ts";
import { interruption } from "./parts/interruption.ts";
import { refusals } from "./parts/refusals.ts";
import { scenarios } from "./parts/scenarios.ts";
import { standby } from "./parts/standby.ts";
import { castchatRecovery, type Ended } from "./support/commands.ts";
import { prepareCompany, type PreparedCompany } from "./support/preparedCompany.ts";

// One company for all suites: it takes half a minute to build and to destroy, and seconds to rewind.
let company: PreparedCompany;
/** How some commands ended before the loss. */
const early: Record<string, Ended> = {};
/** The end of a recovery that nothing has interrupted. Empty before there is one. */
const undisturbed: string[] = [];
const ofIt = () => company;

beforeAll(async () => {
  company = await prepareCompany(200, {
    beforeBackup: async ({ engine }) => {
      early["verify"] = await castchatRecovery(["verify", "--stack", "dr"], engine);
      const wrong = { PULUMI_CONFIG_PASSPHRASE: "not-this-one" };
      early["wrong passphrase"] = await castchatRecovery(["list", "--stack", "prod"], engine, wrong);
      early["list"] = await castchatRecovery(["list", "--stack", "dr", "--json"], engine);
      early["young list"] = await castchatRecovery(["list", "--stack", "dr", "--max-age", "25h"], engine);
    },
    beforeLoss: async ({ engine }, { primaryOutputs }) => {
      const target = { TARGET_DATABASE_URL: primaryOutputs.databaseUrl };
      early["filled target"] = await castchatRecovery(["restore", "--stack", "dr"], engine, target);
    },
  });
}, 400_000);
afterAll(() => company.dispose(), 60_000);

describe("after the loss of the primary", () => {
  refusals(ofIt, early);
  standby(ofIt, undisturbed);
});

describe("a recovery that is interrupted", () => {
  interruption(ofIt, undisturbed);
});

describe("while the company runs", () => {
  beforeAll(() => company.rewind("running"), 60_000);
  documents(ofIt, "prod");
  scenarios(ofIt);
});
