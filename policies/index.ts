import { PolicyPack } from "@pulumi/policy";

import { POLICIES } from "./pack.ts";

// Making the pack starts its server: tests import pack.ts.
new PolicyPack("castchat-recovery", { policies: POLICIES });
