import { join } from "node:path";
import { Hono } from "hono";
import { z } from "zod";
import type { EmulatorDependencies } from "../services.ts";
import { ApiError, bearerToken, hexId, readBody } from "./http.ts";
import { openStore } from "./store.ts";

/** What Cloudflare's emulator needs. */
export type CloudflareDeps = Pick<EmulatorDependencies, "paths" | "credentials" | "clock">;

/** Cloudflare on this machine. */
export interface CloudflareEmulator {
  app: Hono;
  /** Where a name leads by CNAME records, followed through every zone here; undefined when it has none. */
  resolveCname(name: string): string | undefined;
}

interface Zone {
  id: string;
  name: string;
  accountId: string;
  type: string;
  paused: boolean;
  createdOn: string;
  modifiedOn: string;
  settings: Record<string, unknown>;
}
interface DnsRecord {
  id: string;
  zoneId: string;
  name: string;
  type: string;
  content: string;
  ttl: number;
  proxied: boolean;
  priority?: number | undefined;
  comment?: string | null | undefined;
  tags: string[];
  createdOn: string;
  modifiedOn: string;
}

const ADDRESSES = ["A", "AAAA", "CNAME"];
const recordBody = z.object({
  name: z.string().min(1),
  type: z.enum(["A", "AAAA", "CNAME", "TXT", "MX", "NS", "CAA", "SRV"]),
  content: z.string().min(1),
  ttl: z.number().int().default(1),
  proxied: z.boolean().nullish(),
  priority: z.number().int().optional(),
  comment: z.string().nullish(),
  tags: z.array(z.string()).nullish(),
});
const zoneBody = z.object({
  name: z.string().regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/i, "is not a domain name"),
  account: z.object({ id: z.string() }).optional(),
  type: z.enum(["full", "partial", "secondary"]).default("full"),
});

const fail = (status: 400 | 401 | 403 | 404, code: number, message: string, chain?: object[]) =>
  new ApiError(status, {
    success: false,
    errors: [{ code, message, ...(chain === undefined ? {} : { error_chain: chain }) }],
    messages: [],
    result: null,
  });
const invalidRecord = (message: string) => fail(400, 1004, "DNS Validation Error", [{ code: 9021, message }]);
const invalidBody = (fault: string) => fail(400, 6007, `Malformed JSON in request body: ${fault}`);
const ok = (result: unknown) => ({ success: true, errors: [], messages: [], result });

/**
 * Cloudflare's API under `/client/v4`. Zones are active at once: the registrar's step is taken as done.
 *
 * | method and path | what |
 * | --- | --- |
 * | GET /user/tokens/verify | the token's status |
 * | GET, POST /zones; GET, PATCH, DELETE /zones/:zone | zones; list by `name` |
 * | GET /zones/:zone/settings; GET, PATCH /zones/:zone/settings/:setting | kept as they are given |
 * | GET, POST /zones/:zone/dns_records | records; list by `name`, `type`, `content` (also `name.exact`, `content.exact`) |
 * | GET, PUT, PATCH, DELETE /zones/:zone/dns_records/:record | a record's type can't be changed |
 */
export function createCloudflareEmulator(deps: CloudflareDeps): CloudflareEmulator {
  const { state, save } = openStore(join(deps.paths.emulators, "cloudflare.json"), {
    zones: [] as Zone[],
    records: [] as DnsRecord[],
  });
  const now = () => deps.clock().toISOString();

  const app = new Hono({
    getPath: (request) => /^\/client\/v4(\/.*)$/.exec(new URL(request.url).pathname)?.[1] ?? "/not/the/api",
  });
  app.onError((error, c) => {
    if (error instanceof ApiError) return c.json(error.body, error.status);
    return c.json(fail(400, 1000, `Internal error: ${error.message}`).body, 500);
  });
  app.use("*", async (c, next) => {
    const header = c.req.header("authorization");
    if (header === undefined)
      return c.json(fail(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers").body, 400);
    if (bearerToken(header) !== deps.credentials.cloudflareToken)
      return c.json(fail(403, 9109, "Invalid access token").body, 403);
    await next();
    return undefined;
  });
  app.notFound((c) => c.json(fail(404, 7000, "No route for that URI").body, 404));

  const showZone = (zone: Zone) => ({
    id: zone.id,
    name: zone.name,
    status: "active",
    paused: zone.paused,
    type: zone.type,
    development_mode: 0,
    name_servers: ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"],
    original_name_servers: [],
    vanity_name_servers: [],
    account: { id: zone.accountId, name: "sandbox" },
    owner: { id: zone.accountId, name: "sandbox", type: "organization" },
    plan: { id: "free", name: "Free Website" },
    permissions: ["#zone:edit", "#dns_records:edit"],
    meta: { page_rule_quota: 3, phishing_detected: false },
    created_on: zone.createdOn,
    modified_on: zone.modifiedOn,
    activated_on: zone.createdOn,
  });
  const showRecord = (record: DnsRecord) => ({
    id: record.id,
    name: record.name,
    type: record.type,
    content: record.content,
    ttl: record.ttl,
    proxied: record.proxied,
    proxiable: ADDRESSES.includes(record.type),
    comment: record.comment ?? null,
    tags: record.tags,
    settings: {},
    meta: {},
    ...(record.priority === undefined ? {} : { priority: record.priority }),
    created_on: record.createdOn,
    modified_on: record.modifiedOn,
  });
  const page = (items: object[], query: Record<string, string>) => {
    const per = Math.min(Number(query["per_page"] ?? 100), 5000),
      number = Number(query["page"] ?? 1);
    const shown = items.slice((number - 1) * per, number * per);
    const info = {
      page: number,
      per_page: per,
      count: shown.length,
      total_count: items.length,
      total_pages: Math.ceil(items.length / per),
    };
    return { ...ok(shown), result_info: info };
  };
  const findZone = (id: string) => {
    const zone = state.zones.find((candidate) => candidate.id === id);
    if (zone === undefined) throw fail(404, 1001, "Invalid zone identifier");
    return zone;
  };
  const findRecord = (zoneId: string, id: string) => {
    const record = state.records.find((candidate) => candidate.zoneId === zoneId && candidate.id === id);
    if (record === undefined) throw fail(404, 81044, "Record does not exist.");
    return record;
  };

  app.get("/user/tokens/verify", (c) => c.json(ok({ id: hexId(32), status: "active" })));
  app.get("/zones", (c) => {
    const { name, "account.id": account } = c.req.query();
    const zones = state.zones.filter(
      (zone) => (name ?? zone.name) === zone.name && (account ?? zone.accountId) === zone.accountId,
    );
    return c.json(page(zones.map(showZone), c.req.query()));
  });
  app.post("/zones", async (c) => {
    const body = await readBody(c, zoneBody, invalidBody);
    const name = body.name.toLowerCase();
    if (state.zones.some((zone) => zone.name === name)) throw fail(400, 1061, `${name} already exists`);
    const zone = {
      id: hexId(32),
      name,
      accountId: body.account?.id ?? "sandbox",
      type: body.type,
      paused: false,
      createdOn: now(),
      modifiedOn: now(),
      settings: {},
    };
    state.zones.push(zone);
    save();
    return c.json(ok(showZone(zone)));
  });
  app.get("/zones/:zone", (c) => c.json(ok(showZone(findZone(c.req.param("zone"))))));
  app.patch("/zones/:zone", async (c) => {
    const zone = findZone(c.req.param("zone"));
    const body = await readBody(
      c,
      z.object({ paused: z.boolean().optional(), type: zoneBody.shape.type.optional() }),
      invalidBody,
    );
    Object.assign(zone, body, { modifiedOn: now() });
    save();
    return c.json(ok(showZone(zone)));
  });
  app.delete("/zones/:zone", (c) => {
    const { id } = findZone(c.req.param("zone"));
    state.zones = state.zones.filter((zone) => zone.id !== id);
    state.records = state.records.filter((record) => record.zoneId !== id);
    save();
    return c.json(ok({ id }));
  });

  const showSetting = (zone: Zone, id: string) => ({
    id,
    value: zone.settings[id],
    editable: true,
    modified_on: zone.modifiedOn,
  });
  app.get("/zones/:zone/settings", (c) => {
    const zone = findZone(c.req.param("zone"));
    return c.json(ok(Object.keys(zone.settings).map((id) => showSetting(zone, id))));
  });
  app.get("/zones/:zone/settings/:setting", (c) => {
    const zone = findZone(c.req.param("zone"));
    if (!(c.req.param("setting") in zone.settings)) throw fail(400, 1003, "Undefined zone setting");
    return c.json(ok(showSetting(zone, c.req.param("setting"))));
  });
  app.patch("/zones/:zone/settings/:setting", async (c) => {
    const zone = findZone(c.req.param("zone"));
    zone.settings[c.req.param("setting")] = (await readBody(c, z.object({ value: z.unknown() }), invalidBody)).value;
    zone.modifiedOn = now();
    save();
    return c.json(ok(showSetting(zone, c.req.param("setting"))));
  });

  /** Checks a record as Cloudflare does, and gives it its full name. */
  const checked = (zone: Zone, body: z.infer<typeof recordBody>, self?: DnsRecord) => {
    const given = body.name.toLowerCase().replace(/\.$/, "");
    const name =
      given === "@"
        ? zone.name
        : given === zone.name || given.endsWith(`.${zone.name}`)
          ? given
          : `${given}.${zone.name}`;
    if (body.ttl !== 1 && (body.ttl < 60 || body.ttl > 86_400)) {
      throw invalidRecord("Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic.");
    }
    if (body.type === "CNAME" && body.content === name) throw invalidRecord("A CNAME record cannot reference itself.");
    // Cloudflare's providers replace a record for another type; a change in place would make a drill too easy.
    if (self !== undefined && self.type !== body.type) throw invalidRecord("The record's type can't be changed.");
    const others = state.records.filter(
      (record) => record.zoneId === zone.id && record.name === name && record !== self,
    );
    if (others.some((other) => other.type === body.type && other.content === body.content)) {
      throw fail(400, 81058, "An identical record already exists.");
    }
    const clash = (type: string, others: readonly string[]) =>
      ADDRESSES.includes(type) && others.some((other) => ADDRESSES.includes(other));
    const types = others.map((other) => other.type);
    if ((body.type === "CNAME" || types.includes("CNAME")) && clash(body.type, types)) {
      throw fail(400, 81053, "An A, AAAA, or CNAME record with that host already exists.");
    }
    if (types.includes("CNAME")) throw fail(400, 81054, "A CNAME record with that host already exists.");
    const { type, content, ttl, priority } = body;
    return {
      name,
      type,
      content,
      ttl,
      priority,
      proxied: body.proxied ?? false,
      comment: body.comment ?? null,
      tags: body.tags ?? [],
    };
  };
  app.get("/zones/:zone/dns_records", (c) => {
    const zone = findZone(c.req.param("zone"));
    const query = c.req.query();
    const matches = (value: string, ...asked: (string | undefined)[]) =>
      asked.every((wanted) => wanted === undefined || wanted.toLowerCase() === value.toLowerCase());
    const records = state.records.filter(
      (record) =>
        record.zoneId === zone.id &&
        matches(record.name, query["name"], query["name.exact"]) &&
        matches(record.type, query["type"]) &&
        matches(record.content, query["content"], query["content.exact"]),
    );
    return c.json(page(records.map(showRecord), query));
  });
  app.post("/zones/:zone/dns_records", async (c) => {
    const zone = findZone(c.req.param("zone"));
    const body = checked(zone, await readBody(c, recordBody, invalidBody));
    const record: DnsRecord = { id: hexId(32), zoneId: zone.id, ...body, createdOn: now(), modifiedOn: now() };
    state.records.push(record);
    save();
    return c.json(ok(showRecord(record)));
  });
  app.get("/zones/:zone/dns_records/:record", (c) =>
    c.json(ok(showRecord(findRecord(findZone(c.req.param("zone")).id, c.req.param("record"))))),
  );
  app.on(["PUT", "PATCH"], "/zones/:zone/dns_records/:record", async (c) => {
    const zone = findZone(c.req.param("zone"));
    const record = findRecord(zone.id, c.req.param("record"));
    // The types' defaults would undo what a PATCH leaves out, hence the record's own values below them.
    const given = await readBody(c, z.record(z.string(), z.unknown()), invalidBody);
    const whole = recordBody.safeParse(c.req.method === "PATCH" ? { ...record, ...given } : given);
    if (!whole.success) throw invalidBody(`${whole.error.issues[0]?.path.join(".") ?? ""} is invalid`);
    Object.assign(record, checked(zone, whole.data, record), { modifiedOn: now() });
    save();
    return c.json(ok(showRecord(record)));
  });
  app.delete("/zones/:zone/dns_records/:record", (c) => {
    const { id } = findRecord(findZone(c.req.param("zone")).id, c.req.param("record"));
    state.records = state.records.filter((record) => record.id !== id);
    save();
    return c.json(ok({ id }));
  });
  return {
    app,
    resolveCname(name) {
      let target: string | undefined;
      // A chain that runs in a circle ends at this many steps, as resolvers do it.
      for (let step = 0, at = name.toLowerCase(); step < 8; step++, at = target) {
        const next = state.records
          .find((record) => record.type === "CNAME" && record.name === at)
          ?.content.toLowerCase()
          .replace(/\.$/, "");
        if (next === undefined) return target;
        target = next;
      }
      return undefined;
    },
  };
}
