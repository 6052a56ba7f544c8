import { describe, expect, it } from "@jest/globals";

import { parseDatabaseUrl } from "../../recovery/postgres/session/databaseUrl.ts";
import { rootCertificatesOf } from "../../recovery/postgres/session/serverTrust.ts";
import { SUPABASE_ROOTS } from "../../recovery/postgres/session/supabaseRoots.ts";
import { readInput } from "../../runner/input.ts";
import { scheduledRun } from "../../runner/scheduledRun.ts";
import { RUNNER_TOKENS } from "../../settings/runnerSettings.ts";
import { parseSettings } from "../../settings/settings.ts";
import { makeTestFolder } from "../support/folder.ts";
import { PRIMARY_SETTINGS } from "../support/primarySettings.ts";
import { SCHEDULED_RUN } from "../support/scheduledRun.ts";
import { makeAuthority } from "../support/tlsServer.ts";

const declared = (environment: NodeJS.ProcessEnv) => scheduledRun(parseSettings(PRIMARY_SETTINGS, "prod"), environment);
/** The root certificates with which a run verifies its database's server. */
const certificatesOfRun = (environment: NodeJS.ProcessEnv) => {
  const { rootCertificates } = declared(environment);
  const RUNNER_SETTINGS = JSON.stringify({
    ...SCHEDULED_RUN,
    ...(rootCertificates !== undefined && { rootCertificates }),
  });
  const { databaseUrl } = readInput({ RUNNER_SETTINGS, DATABASE_URL: "postgresql://u:p@db.example/d" });
  return rootCertificatesOf(parseDatabaseUrl(databaseUrl), {});
};

describe("scheduledRun", () => {
  it("gives the runs their own tokens, and never those of the update", () => {
    const ofTheUpdate = Object.fromEntries(RUNNER_TOKENS.map((name) => [name, "may-change-everything"]));
    expect(declared(ofTheUpdate).tokens).toEqual({});
    const { tokens } = declared({ ...ofTheUpdate, RUNNER_GITHUB_TOKEN: "reads", RUNNER_VERCEL_API_TOKEN: "" });
    expect(Object.keys(tokens)).toEqual(["GITHUB_TOKEN"]);
  });

  it("makes mirror builds only for a setting that asks for them, with tokens of their own", () => {
    const settings = parseSettings(PRIMARY_SETTINGS, "prod");
    expect(scheduledRun(settings, {}).mirror).toBeUndefined();
    const environment = { MIRROR_GITHUB_TOKEN: "of the update", RUNNER_GITLAB_TOKEN: "own" };
    const { mirror } = scheduledRun({ ...settings, mirrorIntervalHours: 1 }, environment);
    expect(mirror?.code.path).toMatch(/mirrorRun\.mjs$/);
    expect(Object.keys(mirror?.tokens ?? {})).toEqual(["GITLAB_TOKEN"]);
  });

  it("lets the runs verify the database's server by the same root certificates as the program", async () => {
    const folder = await makeTestFolder();
    const { file } = await makeAuthority(folder.path);
    expect(certificatesOfRun({})).toBe(SUPABASE_ROOTS);
    expect(certificatesOfRun({ PGSSLROOTCERT: "system" })).toBeUndefined();
    expect(certificatesOfRun({ PGSSLROOTCERT: file })).toBe(rootCertificatesOf({ rootCertificates: file }, {}));
    await folder.remove();
  });
});
