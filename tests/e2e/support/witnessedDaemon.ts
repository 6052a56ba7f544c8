import { join } from "node:path";

import { afterAll, expect } from "@jest/globals";

import { PROJECT_ROOT } from "../../../lab/sandbox/host/layout.ts";
import { underWitness } from "../../support/contracts/daemonWitness.ts";
import { WITHOUT_FAULT, witnessed } from "../../support/contracts/witnessed.ts";

/** The run's own folder goes with the run. */
const file = join(process.env["CASTCHAT_TEST_RUN"] ?? PROJECT_ROOT, `contract-${process.pid}-${Date.now()}.txt`);

// Each daemon that this suite starts holds its exchanges against the services' descriptions, and the suite fails if one differs.
Object.assign(process.env, underWitness(file));
afterAll(async () => expect(await witnessed(file)).toEqual(WITHOUT_FAULT));
