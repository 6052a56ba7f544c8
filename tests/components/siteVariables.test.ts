import { describe, expect, it } from "@jest/globals";

import { environmentHash } from "../../components/application.ts";
import { StandbySite, type StandbySiteArgs } from "../../components/standbySite.ts";
import { inventory, named, registered } from "./mocks.ts";
import { APP, STANDBY } from "./siteArgs.ts";

const [mirrored] = STANDBY.apps;
const SECOND = { ...APP, name: "admin", project: "admin", mirror: "mirrors/castchat-mirror" } as const;
const SESSION_URL = "postgres://postgres.abc:p@aws-0-x.pooler.supabase.com:5432/db";
const DATABASE_URL = "postgres://postgres.abc:p@aws-0-x.pooler.supabase.com:6543/db";
const ENVIRONMENT = { DATABASE_URL, SUPABASE_URL: "https://abc.example", SUPABASE_ANON_KEY: "anon" };

const standby = (args: Partial<StandbySiteArgs> = {}) =>
  registered(() => new StandbySite("standby", { ...STANDBY, ...args }));
const ofVariables = (all: string[]) => all.filter((one) => /SealedEnvironment|AppEnvironment/.test(one));

describe("an app's sealed variables", () => {
  it("are opened and set for each app in a recovery, beside those of its database", async () => {
    const apps = [mirrored, { ...SECOND, publicNames: ["admin.castchat.jp"] as const }] as const;
    const resources = await standby({ mode: "active", apps });
    expect(ofVariables(inventory(resources))).toEqual([
      "recovery:index:AppEnvironment application-admin-variables",
      "recovery:index:AppEnvironment application-variables",
      "recovery:index:SealedEnvironment sealed-environment",
      "recovery:index:SealedEnvironment sealed-environment-admin",
    ]);
    const from = { mode: "active", vaultBucket: named(resources, "vault-bucket").inputs["bucket"] };
    expect(named(resources, "sealed-environment").inputs).toMatchObject({ ...from, stack: "dr", generation: 2 });
    expect(named(resources, "sealed-environment").inputs).not.toHaveProperty("app");
    expect(named(resources, "sealed-environment-admin").inputs).toMatchObject({ app: "admin", projectName: "admin" });
    expect(named(resources, "application-variables").inputs).toMatchObject({
      ...from,
      projectId: "application-project-id",
      backupId: "20260701T020000Z-00000e",
      supabaseRef: "abc",
      connectionString: SESSION_URL,
      connection: "transaction",
      except: Object.keys(ENVIRONMENT).map((key) => ({ key, targets: ["production"] })),
    });
  });

  it("make another deployment when one of them changes, and leave it as it is when there are none", async () => {
    const hash = async (digest: string) => {
      const made = await registered(() => new StandbySite("standby", { ...STANDBY, mode: "active" }), undefined, {
        "recovery:index:AppEnvironment": { digest },
      });
      return named(made, "application-deployment").inputs["environmentHash"];
    };
    expect(await hash("")).toBe(environmentHash(ENVIRONMENT));
    const others = [await hash("a"), await hash("b")];
    expect(new Set([environmentHash(ENVIRONMENT), ...others]).size).toBe(3);
  });

  it("have names of their own in a drill, and are not asked for while standing by or without them", async () => {
    expect(ofVariables(inventory(await standby({ mode: "drill" })))).toEqual([
      "recovery:index:AppEnvironment application-variables",
      "recovery:index:SealedEnvironment drill-sealed-environment",
    ]);
    expect(named(await standby({ mode: "drill" }), "application-variables").inputs["mode"]).toBe("drill");
    for (const args of [{ mode: "standby" }, { mode: "active", withoutVariables: true }] as const)
      expect(ofVariables(inventory(await standby(args)))).toEqual([]);
  });
});
