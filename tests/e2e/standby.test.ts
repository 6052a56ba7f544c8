import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { z } from "zod";

import { Visitor } from "../../lab/drills/company/visitor.ts";
import { compareSnapshots } from "../../lab/drills/compare/compare.ts";
import { takeSnapshot } from "../../lab/drills/compare/snapshot.ts";
import { HELD_BACK, isHeldBack } from "../../lab/drills/compare/types.ts";
import { addressOf, layout } from "../../lab/sandbox/host/layout.ts";
import { demoUser } from "../../lab/sandbox/sample/demoUser.ts";
import { SANDBOX_NAMES } from "../../lab/sandbox/workspace.ts";
import { runSql } from "../recovery/support/sample.ts";
import { castchatRecovery, type Ended, pulumi } from "./support/commands.ts";
import { loseCompany, type LostCompany } from "./support/lostCompany.ts";

let lost: LostCompany;
/** What was said before the loss. */
const early: Record<string, Ended> = {};

const engine = () => lost.context.engine;
const databaseUrl = async (): Promise<string> =>
  (await pulumi(["stack", "output", "databaseUrl", "--show-secrets", "--stack", "dr"], engine())).output.trim();

beforeAll(async () => {
  lost = await loseCompany("refusals", 50, {
    beforeBackup: async ({ engine }) => {
      early["verify"] = await castchatRecovery(["verify", "--stack", "dr"], engine);
      early["list"] = await castchatRecovery(["list", "--stack", "dr", "--json"], engine);
    },
    beforeLoss: async ({ engine }, { primaryOutputs }) => {
      const target = { TARGET_DATABASE_URL: primaryOutputs.databaseUrl };
      early["filled target"] = await castchatRecovery(["restore", "--stack", "dr"], engine, target);
    },
  });
}, 300_000);
afterAll(() => lost.dispose(), 60_000);

/** One sentence, no stack trace, the exit code of wrong use. */
function expectRefusal(ended: Ended, sentence: RegExp): void {
  const lines = ended.output.split("\n").filter((line) => line !== "" && !/^[-✖✔] /.test(line));
  expect({ code: ended.exitCode, said: lines.join("\n") }).toEqual({ code: 2, said: expect.stringMatching(sentence) });
  expect(ended.output).not.toMatch(/^\s+at .*:\d+:\d+/m);
}

describe("a command with bad input ends with one sentence and exit 2", () => {
  it("a vault without any proven backup", () => {
    expect(early["list"]).toEqual({ exitCode: 0, output: "[]" });
    expectRefusal(early["verify"]!, /no proven full backup/);
  });

  it("a target database that holds data", () => {
    expectRefusal(early["filled target"]!, /holds|data/);
  });

  it("an unknown stack", async () => {
    expectRefusal(await castchatRecovery(["list", "--stack", "nowhere"], engine()), /no stack named nowhere/);
  });

  it("an unknown command, option and number", async () => {
    for (const args of [["explode"], ["list", "--stak", "dr"], ["drill", "--rows", "many"], ["list"]]) {
      expect((await castchatRecovery(args, engine())).exitCode).toBe(2);
    }
  });

  it("a missing target", async () => {
    expectRefusal(await castchatRecovery(["restore", "--stack", "dr"], engine()), /TARGET_DATABASE_URL/);
  });

  it("an unreachable database, without its password", async () => {
    const target = { TARGET_DATABASE_URL: "postgresql://postgres:geheim123@127.0.0.1:1/postgres?sslmode=disable" };
    const ended = await castchatRecovery(["restore", "--stack", "dr"], engine(), target);
    expectRefusal(ended, /127\.0\.0\.1:1/);
    expect(ended.output).not.toContain("geheim123");
  });

  it("a time that is none, and a time before every backup", async () => {
    const target = { TARGET_DATABASE_URL: "postgresql://postgres:x@127.0.0.1:1/postgres?sslmode=disable" };
    expectRefusal(
      await castchatRecovery(["restore", "--stack", "dr", "--at", "yesterday"], engine(), target),
      /no UTC time/,
    );
  });

  it("an unknown backup", async () => {
    expectRefusal(
      await castchatRecovery(["verify", "20200101T000000Z-abcdef", "--stack", "dr"], engine()),
      /no backup "20200101T000000Z-abcdef"/,
    );
  });
});

describe("a preview with bad settings tells every fault at once, without a stack trace", () => {
  it.each<[string, [string, string][], RegExp[]]>([
    ["the same region in both stacks", [["peerAwsRegion", "ap-northeast-3"]], [/peerAwsRegion/]],
    ["a retention that is shorter than the guide's", [["tierOverrides", '{"daily": 7}']], [/tierOverrides.*30/s]],
    ["an unknown setting", [["moode", "active"]], [/moode is no setting/]],
    [
      "two faults",
      [
        ["role", "leader"],
        ["intervalHours", "48"],
      ],
      [/role.*"leader"/s, /intervalHours.*48/s],
    ],
  ])("%s", async (_name, settings, sentences) => {
    const flags = settings.flatMap(([key, value]) => ["--config", `castchat-recovery:${key}=${value}`]);
    const file = `${engine().workspace}/Pulumi.dr.yaml`;
    const before = await readFile(file, "utf8");
    try {
      const ended = await pulumi(["preview", "--stack", "dr", ...flags], engine());
      expect(ended.exitCode).not.toBe(0);
      for (const sentence of sentences) expect(ended.output).toMatch(sentence);
      expect(ended.output).not.toMatch(/^\s+at .*:\d+:\d+/m);
    } finally {
      await writeFile(file, before);
    }
  });
});

describe("a public name that another stack holds with a higher generation", () => {
  it("is refused in preview, before anything is made", async () => {
    const { file } = lost.context;
    const api = `${addressOf(file.ports, "cloudflare")}/client/v4/zones`;
    const headers = { authorization: `Bearer ${file.credentials.cloudflareToken}`, "content-type": "application/json" };
    const results = z.object({
      result: z.array(z.object({ id: z.string(), name: z.string(), content: z.string().optional() })),
    });
    const ask = async (url: string) => results.parse(await (await fetch(url, { headers })).json()).result;
    const [zone] = await ask(`${api}?name=${SANDBOX_NAMES.zone}`);
    const records = `${api}/${zone!.id}/dns_records`;
    const [lease] = await ask(`${records}?type=TXT&name=_castchat-recovery.${SANDBOX_NAMES.publicName}`);
    const write = async (content: string) => {
      const answer = await fetch(`${records}/${lease!.id}`, {
        method: "PATCH",
        headers,
        body: JSON.stringify({ content }),
      });
      expect(answer.status).toBe(200);
    };
    await write(lease!.content!.replace("generation=1", "generation=9"));
    try {
      const preview = await pulumi(["preview", "--stack", "dr"], engine());
      expect(preview.exitCode).not.toBe(0);
      expect(preview.output).toMatch(/generation/);
    } finally {
      await write(lease!.content!);
    }
  });
});

describe("a drill in dr", () => {
  const setMode = (mode: string) =>
    pulumi(["config", "set", "castchat-recovery:mode", mode, "--stack", "dr"], engine());
  const projects = async (): Promise<string[]> => {
    const { file } = lost.context;
    const answer = await fetch(`${addressOf(file.ports, "supabase")}/v1/projects`, {
      headers: { authorization: `Bearer ${file.credentials.supabaseToken}` },
    });
    return z
      .array(z.object({ name: z.string() }))
      .parse(await answer.json())
      .map((one) => one.name);
  };

  it("recovers under a name of its own, stops nothing, and leaves nothing behind", async () => {
    const edge = addressOf(lost.context.file.ports, "edge");
    await setMode("drill");
    try {
      const up = await pulumi(["up", "--stack", "dr", "--yes", "--skip-preview"], engine());
      expect([up.exitCode, up.exitCode === 0 ? "" : up.output]).toEqual([0, ""]);
      expect((await new Visitor(edge, `drill.${SANDBOX_NAMES.publicName}`).health()).status).toBe(200);
      expect((await new Visitor(edge, SANDBOX_NAMES.publicName).health()).status).not.toBe(200);
      const differences = compareSnapshots(lost.before, await takeSnapshot(await databaseUrl()));
      // A drill mails nobody: jobs and publications stay held back, and all else is as before.
      expect(differences.filter(({ kind }) => !isHeldBack(kind))).toEqual([]);
      expect(new Set(differences.map(({ kind }) => kind))).toEqual(new Set(HELD_BACK));
      expect(await projects()).toContain("castchat-drill-g2");
      await setMode("standby");
      const down = await pulumi(["up", "--stack", "dr", "--yes", "--skip-preview"], engine());
      expect([down.exitCode, down.exitCode === 0 ? "" : down.output]).toEqual([0, ""]);
      expect(await projects()).not.toContain("castchat-drill-g2");
      expect((await new Visitor(edge, `drill.${SANDBOX_NAMES.publicName}`).health()).status).not.toBe(200);
    } finally {
      await setMode("active");
    }
  }, 120_000);
});

describe("an active dr", () => {
  beforeAll(async () => {
    const up = await pulumi(["up", "--stack", "dr", "--yes", "--skip-preview"], engine());
    if (up.exitCode !== 0) throw new Error(up.output);
  }, 120_000);

  it("is not changed by a second up, also after the app has written", async () => {
    const visitor = new Visitor(addressOf(lost.context.file.ports, "edge"), SANDBOX_NAMES.publicName);
    const user = demoUser(1);
    const token = await visitor.login(user.email, user.password);
    const written = await visitor.write(typeof token === "string" ? token : undefined, {
      title: "New",
      body: "after the recovery",
    });
    expect(written.status).toBe(201);
    const again = await pulumi(["up", "--stack", "dr", "--yes", "--skip-preview", "--expect-no-changes"], engine());
    expect([again.exitCode, again.exitCode === 0 ? "" : again.output]).toEqual([0, ""]);
  }, 60_000);

  it("is not read with a wrong passphrase", async () => {
    const wrong = { PULUMI_CONFIG_PASSPHRASE: "not-this-one" };
    expectRefusal(await castchatRecovery(["list", "--stack", "dr"], engine(), wrong), /passphrase/);
  });

  it("is refused to go back to standby in preview, and loses nothing", async () => {
    const before = await takeSnapshot(await databaseUrl());
    const set = await pulumi(["config", "set", "castchat-recovery:mode", "standby", "--stack", "dr"], engine());
    expect(set.exitCode).toBe(0);
    try {
      const preview = await pulumi(["preview", "--stack", "dr"], engine());
      expect(preview.exitCode).not.toBe(0);
      expect(preview.output).toMatch(/protect/);
      const up = await pulumi(["up", "--stack", "dr", "--yes"], engine());
      expect(up.exitCode).not.toBe(0);
      expect((await takeSnapshot(await databaseUrl())).tables).toEqual(before.tables);
    } finally {
      await pulumi(["config", "set", "castchat-recovery:mode", "active", "--stack", "dr"], engine());
    }
  }, 60_000);

  it("keeps every secret out of state, settings and output", async () => {
    const { home, file } = lost.context;
    const password = new URL(await databaseUrl()).password;
    const secrets = [...Object.values<string>({ ...file.credentials }), decodeURIComponent(password)].filter(
      (one) => one !== file.credentials.awsAccessKeyId,
    );
    expect(secrets).toHaveLength(8);
    const shown = [
      (await pulumi(["up", "--stack", "dr", "--yes", "--diff", "--show-config"], engine())).output,
      (await pulumi(["stack", "output", "--stack", "dr"], engine())).output,
      (await castchatRecovery(["list", "--stack", "dr", "--json"], engine())).output,
      (await castchatRecovery(["configuration", "--stack", "dr"], engine())).output,
    ];
    const written = await textsUnder([
      layout(home).state,
      layout(home).workspace,
      layout(home).logs,
      layout(home).pulumi,
    ]);
    expect(written.size).toBeGreaterThan(5);
    const found = [...written, ...shown.map((text, index): [string, string] => [`output ${index}`, text])].flatMap(
      ([where, text]) =>
        secrets.flatMap((secret, index) => (text.includes(secret) ? [`secret ${index} is in ${where}`] : [])),
    );
    expect(found).toEqual([]);
  }, 60_000);

  it("is not resumed while nobody knows whether its engine still runs", async () => {
    const locks = `${layout(lost.context.home).state}/.pulumi/locks/organization/castchat-recovery/dr`;
    await mkdir(locks, { recursive: true });
    const lock = { pid: 1, hostname: "another-machine", username: "somebody", timestamp: "2026-01-01T00:00:00Z" };
    await writeFile(`${locks}/11111111-1111-1111-1111-111111111111.json`, JSON.stringify(lock));
    try {
      expectRefusal(await castchatRecovery(["resume", "--stack", "dr"], engine()), /another-machine.*--owner-is-dead/);
    } finally {
      await rm(locks, { recursive: true });
    }
  }, 30_000);

  describe("a second recovery", () => {
    const config = (key: string, value: string) =>
      pulumi(["config", "set", `castchat-recovery:${key}`, value, "--stack", "dr"], engine());
    const up = async (...more: string[]) => {
      const ended = await pulumi(["up", "--stack", "dr", "--yes", ...more], engine());
      expect([ended.exitCode, ended.exitCode === 0 ? "" : ended.output]).toEqual([0, ""]);
      return ended.output;
    };
    const output = async (name: string): Promise<unknown> =>
      JSON.parse((await pulumi(["stack", "output", name, "--json", "--stack", "dr"], engine())).output);
    /** The repository is lost with the primary, so that every backup lacks its settings and says so. */
    const backUp = async () => {
      const { output: said } = await castchatRecovery(["backup", "--stack", "dr"], engine());
      expect(said).toMatch(/counts as proven, but lacks .*the configuration's part repository/);
    };
    const giveUp = (how: "release" | "delete", name: string) =>
      castchatRecovery(["generation", how, "2", "--stack", "dr", "--confirm", name], engine());
    const supabase = async (): Promise<{ name: string; status: string }[]> => {
      const { file } = lost.context;
      const headers = { authorization: `Bearer ${file.credentials.supabaseToken}` };
      const answer = await fetch(`${addressOf(file.ports, "supabase")}/v1/projects`, { headers });
      return z.array(z.object({ name: z.string(), status: z.string() })).parse(await answer.json());
    };

    it("brings back what was written since the first, beside it, and says what is left to do", async () => {
      const visitor = new Visitor(addressOf(lost.context.file.ports, "edge"), SANDBOX_NAMES.publicName);
      const user = demoUser(1);
      const login = async () => {
        const token = await visitor.login(user.email, user.password);
        return typeof token === "string" ? token : undefined;
      };
      const title = "Written after the first recovery";
      expect((await visitor.write(await login(), { title, body: "kept" })).status).toBe(201);
      await backUp();
      const first = await databaseUrl();

      // As an earlier version has left the state: without a record of generations.
      const urns = (await pulumi(["stack", "--show-urns", "--stack", "dr"], engine())).output;
      const [record] = /urn:\S*recovery:index:Generations::generations/.exec(urns) ?? [];
      const forgotten = await pulumi(["state", "delete", record!, "--force", "--yes", "--stack", "dr"], engine());
      expect(forgotten.exitCode).toBe(0);

      await config("generation", "3");
      const said = await up();
      expect(said).not.toMatch(/(SupabaseProject|DatabaseRestore|TrafficSwitch)\b.*(replac|delet)/);
      expect(await supabase()).toEqual(
        expect.arrayContaining([
          { name: "castchat-dr-g2", status: expect.stringMatching(/INACTIVE|PAUS/) },
          { name: "castchat-dr-g3", status: "ACTIVE_HEALTHY" },
        ]),
      );
      expect(await databaseUrl()).not.toBe(first);
      const found = await runSql(await databaseUrl(), `select 1 from public.posts where title = '${title}'`);
      expect(found).toHaveLength(1);
      expect((await visitor.write(await login(), { title: "And on", body: "into the third" })).status).toBe(201);
      expect(await output("earlierGenerations")).toEqual([
        { generation: 2, projectName: "castchat-dr-g2", ref: expect.stringMatching(/^[a-z]{20}$/) },
      ]);

      // What is left to know or do stays on the terminal.
      expect(said.slice(said.indexOf("Diagnostics:"))).toMatch(
        /warning: The primary's application could not be stopped: Vercel has no project castchat/,
      );
      expect(await output("restore")).toHaveProperty("notes");
      await up("--expect-no-changes");
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
        /held by stack=dr;generation=3.*\nGeneration 2: castchat-dr-g2 .*\nGeneration 3 \(present\)/,
      );
      // Not while it is declared: the engine refuses to let go of it.
      expect((await giveUp("release", "castchat-dr-g2")).output).toMatch(
        /stays at Supabase.*Generation 2 is released/s,
      );
      expect((await supabase()).map(({ name }) => name)).toContain("castchat-dr-g2");
      await up("--expect-no-changes");
      // The same again, and this time for good.
      const deleted = await giveUp("delete", "castchat-dr-g2");
      expect(deleted.output).toMatch(/deleted for good.*castchat-dr-g2 is deleted/s);
      expect((await supabase()).map(({ name }) => name)).not.toContain("castchat-dr-g2");
      expect((await giveUp("release", "castchat-dr-g2")).output).toContain("declares no generation 2");
    }, 120_000);
  });
});

/** Every file under the folders, as text, by path. */
async function textsUnder(folders: readonly string[]): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const folder of folders) {
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      texts.set(path, await readFile(path, "latin1"));
    }
  }
  return texts;
}
