import { describe, expect, it } from "@jest/globals";

import { UserError } from "../../../services/common/errors.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import { expectRefusal } from "../../support/refusal.ts";
import { forSuite } from "../../support/suite.ts";
import { startBackingUp } from "../support/backingUp.ts";

const source = forSuite(startBackingUp);
const offBy = (seconds: number) => () => new Date(Date.now() + seconds * 1_000);

describe("a machine whose clock is wrong", () => {
  it.each([
    ["ahead of", 1_200],
    ["behind", -90],
  ])("is refused if it is %s the vault's, before anything is stored", async (how, seconds) => {
    const vault = await source.cloud.newVault();
    const refused = () => source.backUp(vault, { clock: offBy(seconds) });
    await expectRefusal(
      refused,
      UserError,
      new RegExp(`clock of this machine .* is \\d+ s ${how} the vault's .*at most 60 s.*Nothing was stored.*NTP`),
    );
    expect(await vault.list("")).toEqual([]);
    const configuration = () => Promise.resolve({});
    await expectRefusal(
      source.backUp(vault, { kind: "configuration", configuration, clock: offBy(seconds) }),
      UserError,
      how,
    );
  });

  it("is compared with the database if the vault names no time", async () => {
    const silentVault: Vault = { ...(await source.cloud.newVault()), now: () => undefined };
    await expectRefusal(source.backUp(silentVault, { clock: offBy(100) }), UserError, /100 s ahead of the database's/);
  });

  it("is not the machine's whose database is wrong: that is said", async () => {
    const own = await source.cloud.newVault();
    const vault: Vault = { ...own, now: offBy(100) };
    const said: string[] = [];
    await source.backUp(vault, { clock: offBy(100), reporter: (message) => said.push(message) });
    expect(said).toContainEqual(expect.stringMatching(/clock of the database's server is 100 s behind this machine's/));
    // What such a machine has stored is marked by the time at which the vault received it, and never the newest.
    const [ahead] = await source.list(own);
    expect(ahead).toMatchObject({ proven: true, datedAhead: true });
    const { backupId } = await source.backUp(own);
    const checked = await source.check(own);
    expect(checked.backupId).toBe(backupId);
  });
});
