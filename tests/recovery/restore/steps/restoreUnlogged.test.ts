import { afterAll, beforeAll, expect, it } from "@jest/globals";

import { restore } from "../../../../recovery/restore/recipes/restore.ts";
import { contentOf, runSql } from "../../support/sample.ts";
import { startSourceAndTarget } from "../../support/source.ts";

let started: Awaited<ReturnType<typeof startSourceAndTarget>>;
beforeAll(async () => {
  started = await startSourceAndTarget();
}, 60_000);
afterAll(() => started.stop());

it("continues after a crash of the server that has emptied unlogged tables", async () => {
  const { database, target } = started;
  await runSql(
    database.url,
    `create table public.people (id int primary key); insert into public.people select generate_series(1, 20);
     create unlogged table public.cache (id int primary key, owner int references public.people); insert into public.cache select n, n from generate_series(1, 20) n;
     create unlogged table public.parts (id int primary key, of int references public.cache); insert into public.parts select n, n from generate_series(1, 20) n`,
  );
  await started.backUp(database.url);
  const options = { ...started.common, targetUrl: target.url, generation: 1 };
  let crashing: Promise<void> | undefined;
  const reporter = (message: string) => {
    if (message.startsWith("Comparing every")) crashing ??= target.crash();
  };
  await expect(restore({ ...options, reporter })).rejects.toThrow("run the same command again");
  await crashing;
  await target.startAgain();
  await restore(options);
  expect(await contentOf(target.url)).toEqual(await contentOf(database.url));
}, 60_000);
