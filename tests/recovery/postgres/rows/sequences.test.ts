import { describe, expect, it } from "@jest/globals";

import { listSequences } from "../../../../recovery/postgres/catalog/catalog.ts";
import { withSession } from "../../../../recovery/postgres/session/database.ts";
import { startTestDatabase } from "../../../support/postgres.ts";
import { forSuite } from "../../../support/suite.ts";

const database = forSuite(startTestDatabase);

const COUNT = 2_000;

describe("listSequences", () => {
  it("asks thousands of sequences that were never used where they begin, in statements that no server takes for too deep", async () => {
    // A tenth of the depth that a server allows, so that the test needs no tens of thousands.
    const shallow = "set max_stack_depth = '200kB'";
    await withSession(database.superuserUrl, { applicationName: "test" }, async (session) => {
      const sequences = Array.from({ length: COUNT }, (_, at) => `create sequence public.s${at} start ${at + 1}`);
      for (let from = 0; from < COUNT; from += 500) await session.query(sequences.slice(from, from + 500).join(";"));
      await session.query(`select nextval('public.s7'); ${shallow}`);
      const found = new Map((await listSequences(session)).map((one) => [one.name, one]));
      expect(found.get("s7")).toMatchObject({ lastValue: "8", nextValue: null });
      expect(found.get("s0")).toMatchObject({ lastValue: null, nextValue: "1" });
      expect(found.get(`s${COUNT - 1}`)).toMatchObject({ lastValue: null, nextValue: String(COUNT) });
    });
  }, 30_000);
});
