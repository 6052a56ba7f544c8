import { beforeAll, describe, expect, it } from "@jest/globals";

import { listTables } from "../../../../recovery/postgres/catalog/catalog.ts";
import { measureTables } from "../../../../recovery/postgres/rows/measureTables.ts";
import { startTestDatabase } from "../../../support/postgres.ts";
import { forSuite } from "../../../support/suite.ts";

const database = forSuite(startTestDatabase);
beforeAll(() =>
  database.query(`
    create table public.wide (id int, vector text); alter table public.wide alter vector set storage external;
    insert into public.wide select n, repeat('x', 100000) from generate_series(1, 100) n;
    create table public.narrow as select n from generate_series(1, 1000) n; create index on public.narrow (n);
    create table public."Ünï T" ()`),
);

describe("measureTables", () => {
  it("counts TOAST outside a table's own file, but no index", async () => {
    const measured = await database.inSession(async (session) => measureTables(session, await listTables(session)));
    const [empty, narrow, wide] = ["Ünï T", "narrow", "wide"].map((name) => measured.find((one) => one.name === name)!);
    expect(empty).toMatchObject({ sizeBytes: 0, blocks: 0, isHeap: true });
    // Four bytes a row, and the maps of what is free and visible; a server may take more pages at once than it needs.
    expect(narrow!.blocks).toBeGreaterThan(3);
    expect(narrow!.sizeBytes).toBeGreaterThanOrEqual(narrow!.blocks * 8192);
    expect(narrow!.sizeBytes).toBeLessThan(narrow!.blocks * 8192 + 5 * 8192);
    expect(wide!.blocks).toBe(1);
    expect(wide!.sizeBytes).toBeGreaterThan(100 * 100_000);
  });
});
