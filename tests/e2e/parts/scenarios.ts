import { describe, expect, it } from "@jest/globals";

import { projectPlace } from "../../../lab/drills/company/projectContent.ts";
import { databaseCorruption } from "../../../lab/drills/corruption/scenario.ts";
import { completeInfrastructureFailure } from "../../../lab/drills/infrastructure/scenario.ts";
import { askManagement, askStorage, type ProjectPlace, serviceKey } from "../../../lab/sandbox/sample/projectPlace.ts";
import { runSql } from "../../recovery/support/sample.ts";
import { castchatRecovery } from "../support/commands.ts";
import type { PreparedCompany } from "../support/preparedCompany.ts";

/** Each check of the drill's scenarios can fail. tests/e2e/drill.test.ts reads the reports of undisturbed drills. */
export function scenarios(company: () => PreparedCompany): void {
  describe("the scenario database corruption", () => {
    it("is not ok when a row, an object, a function and a setting are altered after the restore", async () => {
      const report = await databaseCorruption(company().context, company().company, {
        async afterRestore() {
          await runSql(
            company().company.primaryOutputs.databaseUrl,
            "begin read write; update public.messages set body = 'tampered' where id = (select min(id) from public.messages); commit",
          );
          await alterContent(projectPlace(company().context, company().company.primaryOutputs), 1);
        },
      });
      expect(report.ok).toBe(false);
      expect(report.checks.filter((check) => !check.ok).map((check) => check.name)).toEqual([
        "every table, sequence, policy, trigger, function and grant is as before the damage",
        "every storage object is as before, byte for byte",
        "every edge function is as before, code and settings",
        "every setting of the auth service is as before",
        "a second assessment finds nothing missing or altered",
      ]);
      const status = await castchatRecovery(["writes", "status", "--stack", "prod"], company().context.engine);
      expect([status.exitCode, status.output]).toEqual([0, expect.stringContaining("Writes are allowed.")]);
    }, 180_000);
  });

  describe("the scenario complete infrastructure failure", () => {
    it("is not ok when an object, a function, a setting and a secret are altered after the recovery, and shows no value", async () => {
      const report = await completeInfrastructureFailure(company().context, company().company, {
        async afterRecovery(recovered) {
          await alterContent(projectPlace(company().context, recovered), 2);
          await runSql(recovered.databaseUrl, "select vault.update_secret(id, 'altered-secret') from vault.secrets");
        },
      });
      expect(report.ok).toBe(false);
      const failed = report.checks.filter((check) => !check.ok);
      expect(failed.map((check) => check.name)).toEqual([
        "every table, sequence, policy, trigger, function and grant is as in the snapshot",
        "every storage object is as before, byte for byte",
        "every edge function is as before, code and settings",
        "every setting of the auth service is as before",
        "every secret of the vault decrypts to what it was",
      ]);
      expect(JSON.stringify(report)).not.toMatch(/altered-secret|sample-only/);
    }, 240_000);
  });
}

/** Alters existing content through the interfaces of the app and its developers, each time otherwise. */
async function alterContent(place: ProjectPlace, time: number): Promise<void> {
  const body = Buffer.from(String(time));
  const one = { bucket: "avatars", name: "👩‍👩‍👧‍👦 家族.png" };
  const sent = { method: "POST" as const, contentType: "image/png", body };
  expect((await askStorage(place, await serviceKey(place), one, sent)).status).toBe(200);
  const code = { method: "PATCH" as const, contentType: "application/vnd.denoland.eszip", body };
  await askManagement(place, "functions/notify-applicants?verify_jwt=false", code);
  const settings = Buffer.from(JSON.stringify({ jwt_exp: 3600 * time }));
  await askManagement(place, "config/auth", { method: "PATCH", contentType: "application/json", body: settings });
}
