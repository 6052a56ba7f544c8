import { PolicyPack } from "@pulumi/policy";

import { POLICIES } from "./pack.ts";

// Creating the pack starts its server, so tests import pack.ts.
new PolicyPack("castchat-recovery", { policies: POLICIES });
