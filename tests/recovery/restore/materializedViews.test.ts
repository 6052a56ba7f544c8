import { describe, expect, it } from "@jest/globals";

import { forSuite } from "../../support/suite.ts";
import { firstDifferences, fullDumpOf } from "../support/peerDump.ts";
import { startRestoring } from "../support/restoring.ts";

const started = forSuite(startRestoring);

describe("a materialized view over a function whose text reads another one", () => {
  it("is filled after that, which the catalog does not know of", async () => {
    const { database, target } = started;
    await database.query(`create table public.numbers (n int); insert into public.numbers values (1), (2);
       create materialized view public.z_sums as select sum(n) as s from public.numbers;
       create function public.y_sum() returns bigint language plpgsql stable as $$ begin return (select s from public.z_sums); end $$;
       create materialized view public.b_report as select public.y_sum() as s;
       create function public.x_sum() returns bigint language plpgsql stable as $$ begin return (select s from public.b_report); end $$;
       create materialized view public.a_report as select public.x_sum() as s`);
    await started.backUp();
    await started.restore();
    expect(firstDifferences(fullDumpOf(target.superuserUrl), fullDumpOf(database.superuserUrl))).toEqual([]);
    expect(await target.query("select s from public.a_report")).toEqual([{ s: "3" }]);
  }, 60_000);
});
