import { expect, test } from "@jest/globals";

import { Schedule, type Scheduled } from "../../../../recovery/restore/archive/schedule.ts";

const MB = 1024 * 1024;
const { signal } = new AbortController();
const entry = (id: number, part: Partial<Scheduled> = {}): Scheduled => ({
  id,
  needs: [],
  locks: [],
  bytes: 0,
  ...part,
});
const idsOf = (batch: readonly Scheduled[] | undefined) => batch?.map(({ id }) => id);

/** What two sessions are given, in order. */
async function handOut(entries: readonly Scheduled[]): Promise<number[]> {
  const schedule = new Schedule(entries);
  const given: number[] = [];
  const session = async () => {
    for (let batch = await schedule.next(signal); batch !== undefined; batch = await schedule.next(signal)) {
      given.push(...batch.map(({ id }) => id));
      await Promise.resolve();
      schedule.finish(batch);
    }
  };
  await Promise.all([session(), session()]);
  return given;
}

test("gives small entries in one batch, each after those that it needs, and large ones by themselves", async () => {
  const schedule = new Schedule([
    entry(1),
    entry(2, { needs: [1] }),
    entry(3, { bytes: 8 * MB }),
    entry(4, { needs: [2] }),
  ]);
  expect(idsOf(await schedule.next(signal))).toEqual([3]);
  expect(idsOf(await schedule.next(signal))).toEqual([1, 2, 4]);
  expect(await schedule.next(signal)).toBeUndefined();
});

test("limits a batch to 32 entries", async () => {
  const schedule = new Schedule(Array.from({ length: 40 }, (_, id) => entry(id)));
  expect((await schedule.next(signal))?.length).toBe(32);
  expect((await schedule.next(signal))?.length).toBe(8);
});

test("begins with the entry that the longest work waits for", async () => {
  const keys = Array.from({ length: 100 }, (_, index) => entry(index + 1));
  const foreignKey = entry(200, { needs: keys.map(({ id }) => id) });
  const schedule = new Schedule([entry(300, { bytes: MB }), ...keys, foreignKey]);
  const [first, second, third] = [
    await schedule.next(signal),
    await schedule.next(signal),
    await schedule.next(signal),
  ];
  expect(idsOf([...(first ?? []), ...(second ?? []), ...(third ?? [])])?.every((id) => id <= 100)).toBe(true);
});

test("an entry waits until what it needs is committed by another session", async () => {
  const schedule = new Schedule([entry(1, { bytes: MB }), entry(2, { bytes: MB, needs: [1] })]);
  const first = await schedule.next(signal);
  let second: Scheduled[] | undefined;
  const waiting = schedule.next(signal).then((batch) => (second = batch));
  await Promise.resolve();
  expect(second).toBeUndefined();
  schedule.finish(first ?? []);
  await waiting;
  expect(idsOf(second)).toEqual([2]);
});

test.each([
  ["the first locks a table of the second", { needs: [9], locks: [9] }, { needs: [9] }],
  ["the second locks a table of the first", { needs: [9] }, { needs: [9], locks: [9] }],
])("two entries are not made at the same time when %s", async (_, one, other) => {
  const large = { bytes: MB };
  const schedule = new Schedule([entry(1, { ...one, ...large }), entry(2, { ...other, ...large }), entry(3, large)]);
  expect([idsOf(await schedule.next(signal)), idsOf(await schedule.next(signal))]).toEqual([[1], [3]]);
});

test("a small entry leaves a table to a large one that waits for it", async () => {
  const tables = { needs: [8, 9], locks: [8, 9], bytes: MB };
  const schedule = new Schedule([
    entry(1, { needs: [8], bytes: 2 * MB }),
    entry(2, tables),
    entry(3, { needs: [9] }),
    entry(4),
  ]);
  const first = await schedule.next(signal);
  expect([idsOf(first), idsOf(await schedule.next(signal))]).toEqual([[1], [4]]);
  schedule.finish(first ?? []);
  expect(idsOf(await schedule.next(signal))).toEqual([2]);
});

test("keeps pg_restore's order where the work is not estimated", async () => {
  const entries = Array.from({ length: 40 }, (_, id) =>
    entry(id, { needs: id === 39 ? [0, 1, 2] : [], bytes: id * MB }),
  );
  const schedule = new Schedule(entries, () => 0);
  expect(idsOf(await schedule.next(signal))).toEqual(entries.slice(0, 32).map(({ id }) => id));
});

test("what is given up is left, with all that needs it", async () => {
  const large = { bytes: MB };
  const schedule = new Schedule([
    entry(1, large),
    entry(2, large),
    entry(3, { ...large, needs: [1] }),
    entry(4, { ...large, needs: [3, 2] }),
    entry(5, { ...large, needs: [2] }),
  ]);
  const [first, second] = [await schedule.next(signal), await schedule.next(signal)];
  expect([idsOf(first), idsOf(second)]).toEqual([[1], [2]]);
  schedule.giveUp(first ?? []);
  schedule.finish(second ?? []);
  expect(idsOf(await schedule.next(signal))).toEqual([5]);
  const waiting = schedule.next(signal);
  schedule.finish([{ ...entry(5) }]);
  expect(idsOf(schedule.left)).toEqual([1, 3, 4]);
  void waiting;
});

test("hands out every entry once, whatever they need", async () => {
  const entries = Array.from({ length: 200 }, (_, id) =>
    entry(id, { needs: [id - 1, id - 7].filter((need) => need >= 0 && id % 3 !== 0), bytes: (id % 5) * 100_000 }),
  );
  const given = await handOut(entries);
  expect([...given].sort((a, b) => a - b)).toEqual(entries.map(({ id }) => id));
  const turns = new Map(given.map((id, turn) => [id, turn]));
  for (const { id, needs } of entries)
    for (const need of needs) expect(turns.get(need)).toBeLessThan(turns.get(id) ?? -1);
});

test("entries that wait for each other are an error, not a wait for ever", async () => {
  const schedule = new Schedule([entry(1, { needs: [2] }), entry(2, { needs: [1] })]);
  await expect(schedule.next(signal)).rejects.toThrow("wait for each other");
});

test("an abort ends the wait", async () => {
  const schedule = new Schedule([entry(1, { bytes: MB }), entry(2, { needs: [1] })]);
  await schedule.next(signal);
  const abort = new AbortController();
  const waiting = schedule.next(abort.signal);
  abort.abort(new Error("Ctrl-C"));
  await expect(waiting).rejects.toThrow();
});
