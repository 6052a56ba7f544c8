import { expect, it } from "@jest/globals";

import type { Danger } from "../../../../recovery/postgres/session/confirmation.ts";
import { UserError } from "../../../../services/common/errors.ts";
import { expectRefusal } from "../../../support/refusal.ts";
import { forSuite } from "../../../support/suite.ts";
import { newAgeKey } from "../../support/ageKey.ts";
import { startLive } from "../../support/live.ts";
import { withUnreadable } from "../../support/unreadable.ts";

const live = forSuite(startLive);

it("is refused before the question and before the gate closes if the identity of a sealed backup is missing", async () => {
  await live.query("create table public.things (id int primary key); insert into public.things values (1)");
  const { sealer } = await newAgeKey();
  await live.save({ sealer });
  const done: string[] = [];
  const replacing = live.replace({
    confirm: () => Promise.resolve(void done.push("asked")),
    saveFirst: () => Promise.resolve(String(done.push("saved"))),
    reporter: (message) => void done.push(message),
  });
  await expectRefusal(replacing, UserError, "Set CASTCHAT_AGE_IDENTITY");
  expect(done).toEqual([expect.stringContaining("Claiming")]);
}, 60_000);

it("begins its question with a newer backup that is passed over", async () => {
  await live.save();
  await withUnreadable(live.vault, async (said) => {
    const confirm = ({ lines }: Danger) => Promise.reject(new UserError(lines[0]));
    await expectRefusal(live.replace({ confirm }), UserError, said);
  });
}, 60_000);
