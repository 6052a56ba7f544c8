import { join } from "node:path";

import { Hono } from "hono";
import { z } from "zod";

import type { NameRecords, TextRecords } from "../host/services.ts";
import {
  ACCOUNT_TOKEN,
  checkedRecord,
  type CloudflareDeps,
  type CloudflareToken,
  type DnsRecord,
  fail,
  invalidBody,
  ok,
  page,
  recordBody,
  showPack,
  showRecord,
  showZone,
  type Zone,
  zoneBody,
} from "./cloudflareState.ts";
import { ApiError, bearerToken, hexId, readBody } from "./http.ts";
import { openStore } from "./store.ts";

/** Cloudflare's refusal of a token for single zones (https://developers.cloudflare.com/fundamentals/api/reference/permissions). */
const NO_NEW_ZONES =
  'Requires permission "com.cloudflare.api.account.zone.create" to create zones for the selected account';

/** Cloudflare on this machine. */
export interface CloudflareEmulator extends NameRecords, TextRecords {
  app: Hono;
}

/**
 * Cloudflare's API under `/client/v4`. Zones are active at once, as if the registrar had done its step.
 *
 * | method and path | what |
 * | --- | --- |
 * | GET /user/tokens/verify | the token's status and expiry |
 * | GET, POST /zones; GET, PATCH, DELETE /zones/:zone | zones; list by `name` |
 * | GET /zones/:zone/ssl/certificate_packs | the zone's universal certificate, by its facts |
 * | GET, POST /zones/:zone/dns_records | records; list by `name`, `type`, `content` (also `name.exact`, `content.exact`) |
 * | GET, PUT, PATCH, DELETE /zones/:zone/dns_records/:record | a record's type can't be changed |
 */
export function createCloudflareEmulator(
  deps: CloudflareDeps,
  token: CloudflareToken = ACCOUNT_TOKEN,
): CloudflareEmulator {
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
    const isOver = token.expiresAt !== undefined && token.expiresAt <= deps.clock();
    if (bearerToken(header) !== deps.credentials.cloudflareToken || isOver)
      return c.json(fail(403, 9109, "Invalid access token").body, 403);
    await next();
    return undefined;
  });
  app.notFound((c) => c.json(fail(404, 7000, "No route for that URI").body, 404));

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

  app.get("/user/tokens/verify", (c) => {
    const until = token.expiresAt && { expires_on: token.expiresAt.toISOString() };
    return c.json(ok({ id: hexId(32), status: "active", ...until }));
  });
  app.get("/zones", (c) => {
    const { name, "account.id": account } = c.req.query();
    const zones = state.zones.filter(
      (zone) => (name ?? zone.name) === zone.name && (account ?? zone.accountId) === zone.accountId,
    );
    return c.json(page(zones.map(showZone), c.req.query()));
  });
  app.post("/zones", async (c) => {
    const body = await readBody(c, zoneBody, invalidBody);
    if (!token.createsZones) throw fail(403, 0, NO_NEW_ZONES);
    const name = body.name.toLowerCase();
    if (state.zones.some((zone) => zone.name === name)) throw fail(400, 1061, `${name} already exists`);
    const zone = {
      id: hexId(32),
      name,
      accountId: body.account.id,
      type: body.type,
      paused: false,
      createdOn: now(),
      modifiedOn: now(),
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

  app.get("/zones/:zone/ssl/certificate_packs", (c) => {
    const zone = findZone(c.req.param("zone"));
    if (token.readsCertificates === false) throw fail(403, 10000, "Authentication error");
    return c.json(page([showPack(zone)], c.req.query()));
  });
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
    const body = checkedRecord(state.records, zone, await readBody(c, recordBody, invalidBody));
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
    // The types' defaults would undo what a PATCH leaves out, so the record's own values come first.
    const given = await readBody(c, z.record(z.string(), z.unknown()), invalidBody);
    const whole = recordBody.safeParse(c.req.method === "PATCH" ? { ...record, ...given } : given);
    if (!whole.success) throw invalidBody(`${whole.error.issues[0]?.path.join(".") ?? ""} is invalid`);
    Object.assign(record, checkedRecord(state.records, zone, whole.data, record), { modifiedOn: now() });
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
    textsAt: (name) =>
      state.records
        .filter((record) => record.type === "TXT" && record.name === name.toLowerCase())
        .map(({ content }) => content),
    resolveCname(name) {
      let target: string | undefined;
      // A circular chain ends after this many steps, as in resolvers.
      for (let step = 0, at = name.toLowerCase(); step < 8; step++, at = target) {
        const own = state.records.filter((record) => record.name === at);
        const address = own.find((record) => record.type === "A")?.content;
        if (address !== undefined) return address;
        const next = own
          .find((record) => record.type === "CNAME")
          ?.content.toLowerCase()
          .replace(/\.$/, "");
        if (next === undefined) return target;
        target = next;
      }
      return undefined;
    },
  };
}
