import { afterEach, describe, expect, it } from "@jest/globals";

import { SANDBOX_PLATFORM, type SupabasePlatform } from "../../../lab/sandbox/emulators/supabaseState.ts";
import type { ReadyPorts } from "../../../recovery/site/projectReady.ts";
import { fitProject } from "../../../recovery/site/projectSize.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { UserError } from "../../../services/common/errors.ts";
import { silent } from "../../../services/common/reporter.ts";
import { realTiming } from "../../../services/common/timing.ts";
import type { DatabaseHost } from "../../../services/databaseHost/databaseHost.ts";
import { supabaseDatabases } from "../../../services/databaseHost/supabase.ts";
import { UnreachableError } from "../../../services/http/http.ts";
import { type EmulatorHost, startEmulatorHost } from "../../services/support/emulatorHost.ts";
import { createSupabaseEmulator } from "../../support/emulators.ts";
import { expectRefusal } from "../../support/refusal.ts";

let started: EmulatorHost<DatabaseHost> | undefined;
afterEach(() => started?.stop());

const signal = new AbortController().signal;
const table = (bytes: number) => ({ schema: "public", name: "t", kind: "app" as const, columns: [], bytes }) as never;
const manifest = (machine?: { compute?: string; diskGb?: number }, bytes = 1e9) => ({
  backupId: "20260701T020000Z-1a2b3c",
  machine,
  tables: [table(bytes)],
});

/** An empty project of an organization with a plan. */
async function newProject(
  plan: SupabasePlatform["plan"],
  change: (host: DatabaseHost) => Partial<DatabaseHost> = () => ({}),
) {
  started = await startEmulatorHost(
    (deps) => createSupabaseEmulator(deps, { ...SANDBOX_PLATFORM, plan }),
    supabaseDatabases,
  );
  const host = started.open({ endpoint: started.url });
  const made = await host.createProject({
    name: "castchat-dr-g2",
    organization: "castchat",
    region: "ap-northeast-1",
    password: "long-password",
  });
  // There is no server behind it.
  const health = () => Promise.resolve([{ name: "db", isHealthy: true, status: "ACTIVE_HEALTHY" }]);
  const ports: ReadyPorts = {
    databaseHost: { ...host, health, ...change(host) },
    inspect: () => Promise.reject(new Error("is not looked into")),
    clock: systemClock,
    timing: { ...realTiming, project: { firstMs: 5, longestMs: 5, limitMs: 20_000 } },
  };
  const fit = (wanted: ReturnType<typeof manifest>) =>
    fitProject(ports, { ref: made.ref, manifest: wanted, signal, reporter: silent });
  return { ref: made.ref, fit, size: () => host.size(made.ref) };
}

describe("the size of a recovered project", () => {
  it("becomes the source's, and is not asked for again", async () => {
    const asked: string[] = [];
    const { fit, size } = await newProject("pro", (host) => ({
      resizeCompute: (...args) => (asked.push("compute"), host.resizeCompute(...args)),
      resizeDisk: (...args) => (asked.push("disk"), host.resizeDisk(...args)),
    }));
    expect(await size()).toEqual({ compute: "micro", diskGb: 8 });
    for (let times = 0; times < 2; times += 1)
      expect(await fit(manifest({ compute: "large", diskGb: 60 }, 20e9))).toEqual([]);
    expect(await size()).toEqual({ compute: "large", diskGb: 60 });
    expect(asked).toEqual(["compute", "disk"]);
  });

  it("stays as large as it is, or as it was made, with an older backup or a smaller source", async () => {
    const { fit, size } = await newProject("pro");
    for (const machine of [undefined, {}, { compute: "nano", diskGb: 1 }])
      expect(await fit(manifest(machine))).toEqual([]);
    expect(await size()).toEqual({ compute: "micro", diskGb: 8 });
  });

  it("is said with the reason and the page if the plan refuses it, and the rows fit", async () => {
    const { fit, ref } = await newProject("free");
    const page = `Change it under https://supabase.com/dashboard/project/${ref}/settings/compute-and-disk.`;
    expect(await fit(manifest({ compute: "large", diskGb: 60 }))).toEqual([
      `The recovered project has compute size nano, and the primary had large. Supabase refused PATCH /v1/projects/${ref}/billing/addons (402): A larger compute size needs a paid plan. ${page}`,
      `The recovered project has a disk of 8 GB, and the primary had 60 GB. Supabase refused POST /v1/projects/${ref}/config/disk (402): A larger disk needs a paid plan. ${page}`,
    ]);
  });

  it("ends the recovery before it writes if the rows do not fit", async () => {
    const { fit } = await newProject("free");
    for (const machine of [{ diskGb: 60 }, undefined])
      await expectRefusal(fit(manifest(machine, 20e9)), UserError, "needs about 50 GB, and Supabase project");
  });

  it("stops nothing if it cannot be read", async () => {
    const size = () => Promise.reject(new UnreachableError("Supabase cannot be reached"));
    const { fit } = await newProject("pro", () => ({ size }));
    expect(await fit(manifest({ diskGb: 60 }))).toEqual([
      expect.stringMatching(/could not be compared with the primary's: Supabase/),
    ]);
  });
});
