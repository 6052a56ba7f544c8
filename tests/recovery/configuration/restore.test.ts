import { beforeAll, describe, expect, it } from "@jest/globals";

import { planLines } from "../../../cli/text/configurationText.ts";
import { planAuth } from "../../../recovery/configuration/restore/planAuth.ts";
import { planDns } from "../../../recovery/configuration/restore/planDns.ts";
import { planSettings } from "../../../recovery/configuration/restore/planSettings.ts";
import { planVariables } from "../../../recovery/configuration/restore/planVariables.ts";
import {
  applyPlan,
  deletesMuch,
  type PlannedWrite,
  type RestorePlan,
} from "../../../recovery/configuration/restore/restorePlan.ts";
import { withoutSecrets } from "../../../recovery/configuration/withoutSecrets.ts";
import { vercelApps } from "../../../services/appHost/vercel.ts";
import { PromiseError } from "../../../services/common/errors.ts";
import { silent } from "../../../services/common/reporter.ts";
import { supabaseDatabases } from "../../../services/databaseHost/supabase.ts";
import { supabaseContent } from "../../../services/databaseHost/supabaseContent.ts";
import { cloudflareDns } from "../../../services/dns/cloudflare.ts";
import type { ExportedRecord } from "../../../services/dns/dnsHost.ts";
import { pick, TOKEN } from "../../lab/sandbox/emulators/support.ts";
import { startEmulatorHost } from "../../services/support/emulatorHost.ts";
import { startFaultyProxy } from "../../services/support/faultyProxy.ts";
import { createCloudflareEmulator, createSupabaseEmulator, createVercelEmulator } from "../../support/emulators.ts";
import { forSuite } from "../../support/suite.ts";

const signal = new AbortController().signal;
const apply = (plan: RestorePlan, stop = signal) => applyPlan(plan, silent, stop);
const steps = ({ writes }: RestorePlan) => writes.map(({ action, item }) => `${action} ${item}`);

const cloudflare = forSuite(() => startEmulatorHost(createCloudflareEmulator, cloudflareDns));
const vercel = forSuite(() => startEmulatorHost(createVercelEmulator, vercelApps));
const supabase = forSuite(() => startEmulatorHost(createSupabaseEmulator, supabaseDatabases));

describe("the records of a zone", () => {
  let number = 0;
  let zone: string;
  let zoneId: string;
  let stored: ExportedRecord[];
  const dns = () => cloudflareDns({ token: TOKEN, endpoint: cloudflare.url });
  const call = (method: string, path: string, body?: object) =>
    cloudflare.call(`${method} /client/v4/zones/${zoneId}/dns_records${path}`, body);
  const add = (record: object) => call("POST", "", { ttl: 300, ...record });
  const plan = (more: object = {}) =>
    planDns(dns(), { zoneId, zone, stored, ownNames: [`app.${zone}`, `_lease.app.${zone}`], ...more }, signal);
  const idOf = (name: string, type: string) =>
    stored.find((one) => one.name === (name === "" ? zone : `${name}.${zone}`) && one.type === type)!.id;
  const change = (id: string, more: object) => {
    const { type, name, ttl } = stored.find((one) => one.id === id)!;
    return call("PATCH", `/${id}`, { type, name, ttl, ...more });
  };
  const now = async () => (await dns().exportRecords(zoneId)).map((one) => ({ ...one, id: "" }));

  const newZone = async () => {
    number += 1;
    zone = `z${number}.castchat.example`;
    await cloudflare.call("POST /client/v4/zones", { name: zone, account: { id: "acc" } });
    zoneId = (await dns().zoneId(zone))!;
    await add({ type: "A", name: zone, content: "192.0.2.1", proxied: true, comment: "Site." });
    await add({ type: "MX", name: zone, content: "mail-1.example.org", priority: 10 });
    await add({ type: "MX", name: zone, content: "mail-2.example.org", priority: 20 });
    await add({ type: "CNAME", name: `docs.${zone}`, content: "docs.example.org" });
    await add({
      type: "SRV",
      name: `_sip.${zone}`,
      data: { priority: 1, weight: 5, port: 5060, target: "sip.example.org" },
    });
    await add({ type: "CNAME", name: `app.${zone}`, content: "cname.vercel-dns.com" });
    await add({ type: "NS", name: zone, content: "ns.example.org" });
    for (const name of ["a", "b", "c", "d"])
      await add({ type: "TXT", name: `${name}.${zone}`, content: `text ${name}` });
    stored = await dns().exportRecords(zoneId);
  };
  beforeAll(newZone);

  it("are put back with all fields, in place where they can be, and nothing but what the plan says", async () => {
    const before = await now();
    await change(idOf("", "A"), { content: "203.0.113.9", comment: "Wrong.", proxied: false });
    await call("DELETE", `/${idOf("_sip", "SRV")}`);
    await call("DELETE", `/${stored.find(({ content }) => content === "mail-2.example.org")!.id}`);
    await call("DELETE", `/${idOf("docs", "CNAME")}`);
    await add({ type: "A", name: `docs.${zone}`, content: "203.0.113.9" });
    await change(idOf("app", "CNAME"), { content: "moved.example.org" });
    await change(idOf("", "NS"), { content: "ns-2.example.org" });
    await add({ type: "TXT", name: `new.${zone}`, content: "added since" });
    const made = await plan();
    expect(steps(made)).toEqual([
      `update A ${zone} 203.0.113.9`,
      `create MX ${zone} mail-2.example.org`,
      `delete A docs.${zone} 203.0.113.9`,
      `create CNAME docs.${zone} docs.example.org`,
      `create SRV _sip.${zone} 5 5060 sip.example.org`,
    ]);
    expect(made.writes[0]!.fields).toEqual([
      { field: "comment", was: "Wrong.", now: "Site." },
      { field: "content", was: "203.0.113.9", now: "192.0.2.1" },
      { field: "proxied", was: false, now: true },
    ]);
    const text = planLines(made).join("\n");
    expect(text).toContain("dns: 3 to create, 1 to update, 1 to delete.");
    expect(text).toContain(`Not in the backup, and kept: TXT new.${zone} added since. Add --delete-others`);
    expect(text).toContain(`Of another manager, and left as they are: NS ${zone} ns-2.example.org.`);
    expect(text).toContain(`Moved only by a recovery, and left as they are: _lease.app.${zone}, app.${zone}.`);
    expect(await apply(made)).toBe(5);
    expect((await dns().exportRecords(zoneId)).find(({ type }) => type === "A")!.id).toBe(idOf("", "A"));
    const after = await now();
    const own = (records: typeof before) =>
      records.filter(({ name, type }) => !name.startsWith("app.") && type !== "NS");
    for (const record of own(before)) expect(after).toContainEqual(record);
    expect(own(after)).toHaveLength(own(before).length + 1);
    expect(after.find(({ name }) => name === `app.${zone}`)).toMatchObject({ content: "moved.example.org" });
    expect(steps(await plan())).toEqual([]);
    expect(await apply(made)).toBe(0);
  });

  it("lose what the backup does not have only on demand, and many only with a further word", async () => {
    expect(steps(await plan({ deleteOthers: true }))).toEqual([`delete TXT new.${zone} added since`]);
    const some = await plan({ stored: stored.slice(0, 4), deleteOthers: true });
    expect([some.writes.length, deletesMuch(some)]).toEqual([6, true]);
    expect(deletesMuch(await plan({ deleteOthers: true }))).toBe(false);
    const many = { ...some, size: 1000, writes: Array.from({ length: 11 }, () => some.writes[0]!) };
    expect([deletesMuch(many), deletesMuch({ ...many, writes: many.writes.slice(1) })]).toEqual([true, false]);
  });

  it("of another manager come back only by name", async () => {
    expect(steps(await plan({ names: [zone.toUpperCase()] }))).toEqual([`update NS ${zone} ns-2.example.org`]);
    expect(steps(await plan({ names: [`app.${zone}`] }))).toEqual([]);
    await add({ type: "TXT", name: `a.${zone}`, content: "heritage=external-dns,external-dns/owner=k8s" });
    const id = idOf("a", "TXT");
    await change(id, { content: "theirs now" });
    expect(steps(await plan())).toEqual([]);
    expect(steps(await plan({ names: [`a.${zone}`] }))).toEqual([`update TXT a.${zone} theirs now`]);
  });

  it("that change behind the plan's back end the run, which continues from what is there", async () => {
    await newZone();
    for (const name of ["b", "c", "d"]) await change(idOf(name, "TXT"), { content: "wrong" });
    const made = await plan();
    await change(idOf("c", "TXT"), { content: "another hand" });
    const refused = apply(made);
    await expect(refused).rejects.toBeInstanceOf(PromiseError);
    await expect(refused).rejects.toThrow(
      `TXT c.${zone} wrong has changed since the plan was made, so it was left as it is. 1 of 3 changes were made before.`,
    );
    const again = await plan();
    expect(steps(again)).toEqual([`update TXT c.${zone} another hand`, `update TXT d.${zone} wrong`]);
    // Interrupted after the first.
    const stop = new AbortController();
    const [first, ...rest] = again.writes;
    const stopping = { ...first!, write: (inner: AbortSignal) => first!.write(inner).then(() => stop.abort()) };
    await expect(apply({ ...again, writes: [stopping, ...rest] }, stop.signal)).rejects.toThrow("aborted");
    expect(await apply(again)).toBe(1);
    expect(steps(await plan())).toEqual([]);
  });
});

describe("a service that fails in the middle of a restore", () => {
  it("leaves what was done, and the same command does the rest", async () => {
    const proxy = await startFaultyProxy(cloudflare.url);
    const dns = cloudflareDns({ token: TOKEN, endpoint: proxy.url, retryDelayMs: 1 });
    const zone = "halfway.castchat.example";
    await cloudflare.call("POST /client/v4/zones", { name: zone, account: { id: "acc" } });
    const zoneId = (await dns.zoneId(zone))!;
    const records = `/client/v4/zones/${zoneId}/dns_records`;
    const names = ["a", "b", "c"].map((one) => `${one}.${zone}`);
    for (const name of names)
      await cloudflare.call(`POST ${records}`, { type: "TXT", name, content: "right", ttl: 300 });
    const stored = await dns.exportRecords(zoneId);
    for (const { id, name } of stored)
      await cloudflare.call(`PATCH ${records}/${id}`, { type: "TXT", name, content: "wrong", ttl: 300 });
    const plan = () => planDns(dns, { zoneId, zone, stored, ownNames: [] }, signal);
    const made = await plan();
    const [first, second, third] = made.writes as [PlannedWrite, PlannedWrite, PlannedWrite];
    const failing: PlannedWrite = {
      ...second,
      write: async (inner) => {
        proxy.next(...Array.from({ length: 20 }, () => ({ status: 503 })));
        await second.write(inner);
      },
    };
    await expect(apply({ ...made, writes: [first, failing, third] })).rejects.toThrow(/503/);
    proxy.next();
    const rest = await plan();
    expect(steps(rest)).toEqual(names.slice(1).map((name) => `update TXT ${name} wrong`));
    // The first plan, too, passes over what is done.
    expect([await apply(made), await apply(rest)]).toEqual([2, 0]);
    expect(steps(await plan())).toEqual([]);
    await proxy.stop();
  });
});

describe("the settings of the auth service", () => {
  it("come back but for secrets, which the platform never shows, and for what was set since", async () => {
    const made = { name: "castchat", organization_slug: "org", db_pass: "x", region: "ap-northeast-1" };
    const ref = pick(await supabase.call("POST /v1/projects", made), "ref");
    const access = { ref, token: TOKEN, endpoint: supabase.url, retryDelayMs: 1 };
    const content = supabaseContent({ ...access, projectUrlTemplate: `${supabase.url}/projects/{ref}` });
    await content.setAuthSettings({ site_url: "https://castchat.example", jwt_exp: 1800, smtp_pass: "hunter2" });
    const stored = withoutSecrets(await content.authSettings());
    const plan = (names?: string[]) => planAuth(content, { ref, stored, names }, signal);
    expect(steps(await plan())).toEqual([]);
    await content.setAuthSettings({ site_url: "https://wrong.example", jwt_exp: 60, smtp_pass: "hunter3" });
    const shown = (await content.authSettings())["smtp_pass"];
    expect((await plan(["jwt_exp"])).writes.map(({ fields }) => fields)).toEqual([
      [{ field: "jwt_exp", was: 60, now: 1800 }],
    ]);
    const all = await plan();
    expect(all.writes.map(({ action, item, fields }) => [action, item, fields.map(({ field }) => field)])).toEqual([
      ["update", `auth service of ${ref}`, ["jwt_exp", "site_url"]],
    ]);
    expect(planLines(all).join("\n")).toMatch(/Secrets that no backup .*smtp_pass/);
    await content.setAuthSettings({ jwt_exp: 120 });
    await expect(apply(all)).rejects.toThrow(`auth service of ${ref} has changed since the plan was made`);
    expect(await apply(await plan())).toBe(1);
    expect(await apply(await plan())).toBe(0);
    expect(await content.authSettings()).toMatchObject({ site_url: "https://castchat.example", smtp_pass: shown });
  });
});

describe("the variables and settings of an app", () => {
  let projectId: string;
  const host = () => vercelApps({ token: TOKEN, endpoint: vercel.url });
  const add = (key: string, value: string, more: object = {}) =>
    vercel.call(`POST /v10/projects/${projectId}/env`, {
      key,
      value,
      type: "encrypted",
      target: ["production"],
      ...more,
    });
  const variable = (key: string, more: object = {}) => ({ key, type: "encrypted", targets: ["production"], ...more });
  const values: Record<string, string> = { API: "hunter2", GONE: "hunter3", TOKEN: "hunter4", STAGED: "hunter5" };
  const plan = (more: object = {}) =>
    planVariables(
      host(),
      {
        part: "variables of web",
        projectId,
        stored: [
          variable("API"),
          variable("GONE", { targets: ["preview"], branch: "one", comment: "Why." }),
          variable("TOKEN", { type: "sensitive" }),
          variable("LOST", { type: "sensitive" }),
          variable("STAGED", { targets: [], environments: ["staging"] }),
          variable("OURS"),
        ],
        valueOf: ({ key }) => values[key],
        environmentId: (name) => (name === "staging" ? "env_1" : undefined),
        keep: ({ key }) => (key === "OURS" ? "a recovery sets them" : undefined),
        ...more,
      },
      signal,
    );
  beforeAll(async () => {
    projectId = pick(await vercel.call("POST /v11/projects", { name: "web", framework: "nextjs" }), "id");
    await add("API", "wrong");
    await add("TOKEN", "other", { type: "sensitive" });
    await add("NEW", "added since");
  });

  it("come back by name and place, and what no backup has is named", async () => {
    const made = await plan();
    expect(steps(made)).toEqual([
      "update variable API (production)",
      "create variable GONE (preview, branch one)",
      "create variable STAGED (staging)",
    ]);
    const text = planLines(made).join("\n");
    expect(text).toContain("Lost, since no backup holds the value: variable LOST (production).");
    expect(text).toContain("Kept, since the host never shows the value: variable TOKEN (production).");
    expect(text).toContain("Not in the backup, and kept: variable NEW (production).");
    expect(text).toContain("Kept, since a recovery sets them: variable OURS (production).");
    expect(text).not.toMatch(/hunter|wrong/);
    expect(await apply(made)).toBe(3);
    expect(await apply(made)).toBe(0);
    expect(steps(await plan())).toEqual([]);
    const listed = await host().listVariables(projectId);
    const gone = listed.find(({ key }) => key === "GONE")!;
    expect(gone).toMatchObject({ targets: ["preview"], branch: "one", comment: "Why.", type: "encrypted" });
    expect(await host().variableValue(projectId, gone.id)).toBe("hunter3");
    expect(listed.find(({ key }) => key === "STAGED")).toMatchObject({ targets: [], environments: ["env_1"] });
    expect(listed.map(({ key }) => key)).toContain("NEW");
  });

  it("write a sealed value over one that is never shown only by name, and delete only on demand", async () => {
    const made = await plan({ names: ["TOKEN"] });
    expect(steps(made)).toEqual(["update variable TOKEN (production)"]);
    expect(await apply(made)).toBe(1);
    expect(steps(await plan({ deleteOthers: true }))).toEqual(["delete variable NEW (production)"]);
    await add("NEW", "x", { target: ["preview"] });
    const both = await plan({ deleteOthers: true });
    const [first] = (await host().listVariables(projectId)).filter(({ key }) => key === "NEW");
    await vercel.call(`PATCH /v9/projects/${projectId}/env/${first!.id}`, { value: "changed since" });
    await expect(apply(both)).rejects.toThrow("has changed since the plan was made");
  });

  it("of a project come back in one request, without what no client sets and without secrets", async () => {
    const stored = (await host().exportProject(projectId))!;
    await host().changeProject(projectId, { buildCommand: "wrong", gitLFS: true });
    const settings = {
      part: "settings of web",
      item: "project web",
      stored: { ...stored, updatedAt: 1, trustedIps: { secret: "[left out: secret]" } },
      isWritable: (field: string) => host().writableFields.has(field),
      read: async () => (await host().exportProject(projectId))!,
      write: (changed: Record<string, unknown>) => host().changeProject(projectId, changed),
    };
    const made = await planSettings(settings, signal);
    expect(made.writes.map(({ fields }) => fields)).toEqual([
      [
        { field: "buildCommand", was: "wrong", now: null },
        { field: "gitLFS", was: true, now: false },
      ],
    ]);
    expect(made.notes).toEqual([expect.stringContaining("trustedIps")]);
    expect([await apply(made), await apply(made)]).toEqual([1, 0]);
    expect((await planSettings(settings, signal)).writes).toEqual([]);
  });
});
