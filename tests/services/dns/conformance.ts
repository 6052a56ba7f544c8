import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import type { DnsHost, WantedRecord } from "../../../services/dns/dnsHost.ts";
import { behavesAsRemoteService, isNotFound, type StartedService } from "../support/remoteServiceContract.ts";

/** A DNS host with what only its own API can make. */
export interface StartedDns extends StartedService<DnsHost> {
  makeZone(name: string): Promise<void>;
}

const ZONE = "castchat.example";
/** More than one page of any host. */
const MANY = 230;

/** What every adapter of the role keeps to. A second one runs it by one line with its own `start`. */
export function conformsToDnsHost(name: string, start: () => Promise<StartedDns>): void {
  describe(`${name} as a DNS host`, () => {
    let started: StartedDns;
    let dns: DnsHost;
    let zone: string;
    let number = 0;
    beforeAll(async () => {
      started = await start();
      dns = started.open({ endpoint: started.url });
      await started.makeZone(ZONE);
      zone = (await dns.zoneId(ZONE))!;
    });
    afterAll(() => started.stop());
    const text = (more: Partial<WantedRecord> = {}): WantedRecord => {
      number += 1;
      return { type: "TXT", name: `n${number}.${ZONE}`, content: `value ${number}`, ttlSeconds: 60, ...more };
    };

    it("finds a zone by its name, and only by its whole name", async () => {
      expect(zone).toEqual(expect.any(String));
      expect(await dns.zoneId("example")).toBeUndefined();
      expect(await dns.zoneId("absent.example")).toBeUndefined();
    });

    it("lists all zones, also where there are many", async () => {
      const names = Array.from({ length: MANY }, (_, one) => `zone-${one}.example`);
      for (const name of names) await started.makeZone(name);
      const found = await dns.zones();
      expect(found.map(({ name }) => name)).toEqual(expect.arrayContaining([ZONE, ...names]));
      expect(new Set(found.map(({ id }) => id)).size).toBe(found.length);
      expect(found.find(({ name }) => name === ZONE)).toEqual({ id: zone, name: ZONE, accountId: "acc" });
    }, 30_000);

    it("makes a record, and shows it by name in any case", async () => {
      const wanted = text();
      const made = await dns.createRecord(zone, wanted);
      const { name: wantedName, content } = wanted;
      expect(made).toEqual({
        id: expect.any(String),
        type: "TXT",
        name: wantedName,
        content,
        proxied: false,
        ttlSeconds: 60,
      });
      expect(await dns.records(zone, wanted.name)).toEqual([made]);
      expect(await dns.records(zone, wanted.name.toUpperCase())).toEqual([made]);
      expect(await dns.records(zone, `x.${wanted.name}`)).toEqual([]);
    });

    it("takes a lifetime of the host's own choice, and shows a CNAME without a proxy", async () => {
      const wanted = { type: "CNAME" as const, name: `c.${ZONE}`, content: "target.example.org", comment: "Why." };
      const made = await dns.createRecord(zone, wanted);
      expect(made).toMatchObject({ type: "CNAME", content: "target.example.org", proxied: false });
    });

    it("makes a proxied record with its labels", async () => {
      const wanted = {
        type: "A",
        name: `p.${ZONE}`,
        content: "192.0.2.1",
        proxied: true,
        comment: "Why.",
        tags: ["team:web"],
      };
      const { id, ...made } = await dns.createRecord(zone, wanted);
      expect(made).toEqual(wanted);
      expect(await dns.records(zone, wanted.name)).toEqual([{ id, ...wanted }]);
    });

    it("refuses a second record of the same name and content, and says that it is one", async () => {
      const wanted = text({ comment: "the first" });
      await dns.createRecord(zone, wanted);
      const refusal: unknown = await dns
        .createRecord(zone, { ...wanted, comment: "the second" })
        .catch((error: unknown) => error);
      expect(dns.isDuplicate(refusal)).toBe(true);
      expect(dns.isDuplicate(new Error("An identical record already exists."))).toBe(false);
      expect(await dns.records(zone, wanted.name)).toMatchObject([{ comment: "the first" }]);
      await dns.createRecord(zone, { ...wanted, content: "other" });
    });

    it("changes a record in place", async () => {
      const wanted = text();
      const { id } = await dns.createRecord(zone, wanted);
      const changed = await dns.updateRecord(zone, id, { ...wanted, content: "other" });
      expect(changed).toMatchObject({ id, content: "other" });
      expect(await dns.records(zone, wanted.name)).toEqual([changed]);
    });

    it("gives a record another content, and keeps all else of it", async () => {
      const wanted = text({ comment: "Why." });
      const made = await dns.createRecord(zone, wanted);
      const changed = await dns.repointRecord(zone, made, "elsewhere");
      expect(changed).toEqual({ ...made, content: "elsewhere" });
      expect(await dns.records(zone, wanted.name)).toEqual([changed]);
    });

    it("gives a record another lifetime and note, and keeps all else of it", async () => {
      const wanted = text({ comment: "Why.", ttlSeconds: 3600 });
      const made = await dns.createRecord(zone, wanted);
      const changed = await dns.changeLifetime(zone, made, { ttlSeconds: 120, comment: "" });
      expect(await dns.records(zone, wanted.name)).toEqual([changed]);
      expect(changed).toMatchObject({ id: made.id, content: made.content, ttlSeconds: 120 });
      const back = await dns.changeLifetime(zone, made, { comment: "Why." });
      expect(back).toMatchObject({ id: made.id, content: made.content, comment: "Why." });
      expect(back).not.toHaveProperty("ttlSeconds");
    });

    it("deletes a record, also one that is gone", async () => {
      const wanted = text();
      const { id } = await dns.createRecord(zone, wanted);
      await dns.deleteRecord(zone, id);
      await dns.deleteRecord(zone, id);
      expect(await dns.records(zone, wanted.name)).toEqual([]);
    });

    it("keeps a text as it is, also one with what an address or a shell would take for its own", async () => {
      const content = "stack=a;generation=1 ../../x?y=&z#%2F $(id) é";
      const wanted = text({ content });
      await dns.createRecord(zone, wanted);
      expect(await dns.records(zone, wanted.name)).toMatchObject([{ content }]);
    });

    it("says that a zone is not there, also one whose id would lead elsewhere", async () => {
      for (const id of ["absent", "../zones", `${zone}/dns_records/..`])
        expect([id, await isNotFound(dns.records(id))]).toEqual([id, true]);
    });

    it("lists and exports all records of a zone that has many", async () => {
      const large = `large.${ZONE}`;
      await started.makeZone(large);
      const id = (await dns.zoneId(large))!;
      for (let one = 0; one < MANY; one += 1)
        await dns.createRecord(id, text({ name: `m${one}.${large}`, comment: `number ${one}` }));
      const found = await dns.records(id);
      expect(new Set(found.map((record) => record.id)).size).toBe(MANY);
      const exported = await dns.exportRecords(id);
      expect(exported.map((record) => record["id"])).toEqual(found.map((record) => record.id));
      // A backup holds more of each than the product reads.
      expect(JSON.stringify(exported)).toContain(`number ${MANY - 1}`);
    }, 30_000);

    it("makes a record from its exported form, and gives all fields of it back to a changed one", async () => {
      const wanted = text({ comment: "Why." });
      const { id } = await dns.createRecord(zone, wanted);
      const record = async () => (await dns.exportRecords(zone)).filter((one) => one.name === wanted.name);
      const [kept] = await record();
      expect(dns.writableFields(kept!)).not.toHaveProperty("id");
      await dns.updateRecord(zone, id, { ...wanted, content: "wrong", comment: "Wrong." });
      for (let time = 0; time < 2; time += 1) await dns.putRecord(zone, kept!, id);
      expect(await record()).toEqual([kept]);
      await dns.deleteRecord(zone, id);
      await dns.putRecord(zone, kept!, undefined);
      expect((await record()).map((one) => dns.writableFields(one))).toEqual([dns.writableFields(kept!)]);
      expect(dns.isManaged(kept!)).toBe(false);
    });

    it("shows the zone's certificates, until when they are valid, and nothing that is secret", async () => {
      const facts = await dns.certificates(zone);
      expect(facts).toEqual([
        { id: expect.any(String), hosts: [ZONE, `*.${ZONE}`], expiresAt: expect.any(Date), isRenewed: true },
      ]);
    });

    behavesAsRemoteService(() => started, {
      read: (port, signal) => port.zoneId(ZONE, signal),
      make: (port) => port.createRecord(zone, text()),
    });
  });
}
