import { describe, expect, it } from "@jest/globals";

import { Visitor } from "../../../lab/drills/company/visitor.ts";
import { addressOf } from "../../../lab/sandbox/host/layout.ts";
import { withClient } from "../../../lab/sandbox/postgres/client.ts";
import { demoUser } from "../../../lab/sandbox/sample/demoUser.ts";
import { SANDBOX_NAMES } from "../../../lab/sandbox/workspace.ts";
import { runSql } from "../../recovery/support/sample.ts";
import {
  castchatRecovery,
  databaseUrlOfDr,
  expectRefusal,
  pulumi,
  supabaseProjects,
  upDr,
} from "../support/commands.ts";
import type { PreparedCompany } from "../support/preparedCompany.ts";

/** A higher generation while the standby is active. */
export function secondRecovery(lost: () => PreparedCompany): void {
  const engine = () => lost().context.engine;
  const databaseUrl = () => databaseUrlOfDr(engine());

  describe("a second recovery", () => {
    const config = (key: string, value: string) =>
      pulumi(["config", "set", `castchat-recovery:${key}`, value, "--stack", "dr"], engine());
    const output = async (name: string): Promise<unknown> =>
      JSON.parse((await pulumi(["stack", "output", name, "--json", "--stack", "dr"], engine())).output);
    /** Each backup reports that it lacks the repository's settings, because the repository is lost with the primary. */
    const backUp = async () => {
      const { exitCode, output: said } = await castchatRecovery(["backup", "--stack", "dr"], engine());
      expect(exitCode).toBe(1);
      expect(said).toMatch(/counts as proven, but lacks .*the configuration's part repository/);
    };
    const giveUp = (how: "release" | "delete", name: string) =>
      castchatRecovery(["generation", how, "2", "--stack", "dr", "--confirm", name], engine());
    const supabase = () => supabaseProjects(lost().context);

    it("restores the rows written since the first, in another project, and reports what is left to do", async () => {
      const visitor = new Visitor(addressOf(lost().context.file.ports, "edge"), SANDBOX_NAMES.publicName);
      const user = demoUser(1);
      const login = async () => {
        const token = await visitor.login(user.email, user.password);
        return typeof token === "string" ? token : undefined;
      };
      const title = "Written after the first recovery";
      expect((await visitor.write(await login(), { title, body: "kept" })).status).toBe(201);
      await backUp();
      const first = await databaseUrl();

      // The state as an earlier version has written it: without a record of generations.
      const urns = (await pulumi(["stack", "--show-urns", "--stack", "dr"], engine())).output;
      const [record] = /urn:\S*recovery:index:Generations::generations/.exec(urns) ?? [];
      const forgotten = await pulumi(["state", "delete", record!, "--force", "--yes", "--stack", "dr"], engine());
      expect(forgotten.exitCode).toBe(0);

      await config("generation", "3");
      const said = await upDr(engine());
      expect(said).not.toMatch(/(SupabaseProject|DatabaseRestore|TrafficSwitch)\b.*(replac|delet)/);
      expect(await supabase()).toEqual(
        expect.arrayContaining([
          // A paid plan pauses no project. Its writes are stopped over SQL.
          { name: "castchat-dr-g2", status: "ACTIVE_HEALTHY" },
          { name: "castchat-dr-g3", status: "ACTIVE_HEALTHY" },
        ]),
      );
      expect(await databaseUrl()).not.toBe(first);
      const late = withClient(first, (client) => client.query("create table public.too_late ()"));
      await expect(late).rejects.toThrow(/read-only transaction/);
      expect(await output("fence")).toContainEqual({
        part: "earlier generation",
        fenced: true,
        reason: expect.stringMatching(/^writes are stopped .*; not done: .*paid plan/),
      });
      const found = await runSql(await databaseUrl(), `select 1 from public.posts where title = '${title}'`);
      expect(found).toHaveLength(1);
      expect((await visitor.write(await login(), { title: "And on", body: "into the third" })).status).toBe(201);
      expect(await output("earlierGenerations")).toEqual([
        { generation: 2, projectName: "castchat-dr-g2", ref: expect.stringMatching(/^[a-z]{20}$/) },
      ]);

      // The warnings stay on the terminal.
      expect(said.slice(said.indexOf("Diagnostics:"))).toMatch(
        /warning: The primary's application could not be stopped: Vercel has no project castchat/,
      );
      expect(await output("restore")).toHaveProperty("notes");
      await upDr(engine(), "--expect-no-changes");
    }, 180_000);

    it("releases the first only once a newer backup is proven, and forgets it then", async () => {
      expectRefusal(
        await giveUp("release", "castchat-dr-g2"),
        /older than its database .*castchat-recovery backup -s dr/,
      );
      const present = await castchatRecovery(["generation", "release", "3", "--stack", "dr"], engine());
      expectRefusal(present, /Generation 3 is the present one/);
      await backUp();
      expectRefusal(await giveUp("release", "castchat-dr-g3"), /is not the name/);
      const { output: listed } = await castchatRecovery(["generation", "list", "--stack", "dr"], engine());
      expect(listed).toMatch(
        /holder of .* is stack=dr;generation=3.*\nGeneration 2: castchat-dr-g2 .*\nGeneration 3 \(present\)/,
      );
      // Not while it is declared: the engine refuses to delete it.
      expect((await giveUp("release", "castchat-dr-g2")).output).toMatch(
        /stays at Supabase.*Generation 2 is released/s,
      );
      expect((await supabase()).map(({ name }) => name)).toContain("castchat-dr-g2");
      await upDr(engine(), "--expect-no-changes");
      // The same command with `delete`.
      const deleted = await giveUp("delete", "castchat-dr-g2");
      expect(deleted.output).toMatch(/deleted for good.*castchat-dr-g2 is deleted/s);
      expect((await supabase()).map(({ name }) => name)).not.toContain("castchat-dr-g2");
      expect((await giveUp("release", "castchat-dr-g2")).output).toContain("declares no generation 2");
    }, 120_000);
  });
}
