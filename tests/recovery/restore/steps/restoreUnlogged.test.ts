import { expect, it } from "@jest/globals";

import { forSuite } from "../../../support/suite.ts";
import { doAt } from "../../support/killing.ts";
import { startRestoring } from "../../support/restoring.ts";
import { contentOf } from "../../support/sample.ts";

const started = forSuite(startRestoring);

it("continues after a crash of the server that has emptied unlogged tables", async () => {
  const { database, target } = started;
  await database.query(`create table public.people (id int primary key); insert into public.people select generate_series(1, 20);
     create unlogged table public.cache (id int primary key, owner int references public.people); insert into public.cache select n, n from generate_series(1, 20) n;
     create unlogged table public.parts (id int primary key, of int references public.cache); insert into public.parts select n, n from generate_series(1, 20) n`);
  await started.backUp();
  const { reporter, done } = doAt("Comparing every", () => target.crash());
  await expect(started.restore({ reporter })).rejects.toThrow("run the same command again");
  await done();
  await target.startAgain();
  await started.restore();
  expect(await contentOf(target.url)).toEqual(await contentOf(database.url));
}, 60_000);
