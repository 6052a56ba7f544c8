import { describe, expect, it } from "@jest/globals";

import { parseDatabaseUrl } from "../../recovery/postgres/session/databaseUrl.ts";
import { rootCertificatesOf } from "../../recovery/postgres/session/serverTrust.ts";
import { SUPABASE_ROOTS } from "../../recovery/postgres/session/supabaseRoots.ts";
import { readInput } from "../../runner/input.ts";
import { scheduledRun } from "../../runner/scheduledRun.ts";
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
  it("lets the runs verify the database's server by the same root certificates as the program", async () => {
    const folder = await makeTestFolder();
    const { file } = await makeAuthority(folder.path);
    expect(certificatesOfRun({})).toBe(SUPABASE_ROOTS);
    expect(certificatesOfRun({ PGSSLROOTCERT: "system" })).toBeUndefined();
    expect(certificatesOfRun({ PGSSLROOTCERT: file })).toBe(rootCertificatesOf({ rootCertificates: file }, {}));
    await folder.remove();
  });
});
