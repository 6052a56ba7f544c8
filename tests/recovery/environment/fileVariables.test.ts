import { describe, expect, it } from "@jest/globals";

import { parseDotenv } from "../../../recovery/environment/dotenv.ts";
import { type LiveApp, variablesIn } from "../../../recovery/environment/fileVariables.ts";
import { leadsTo, reachOf } from "../../../recovery/environment/liveCredentials.ts";
import { faultOfMapping, filled, sourceByName, SOURCES } from "../../../recovery/environment/sources.ts";
import { UserError } from "../../../services/common/errors.ts";

const REF = "abcdefghijklmnopqrst";
const read = (text: string, live: LiveApp = { ref: REF }) => variablesIn(parseDotenv(text, ".env"), ".env", live);
const refusal = (text: string) => {
  try {
    read(text);
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  throw new Error("It was accepted.");
};
const token = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`;

describe("variables of a file", () => {
  it("are unset in a drill and set for production, unless a remark says otherwise", () => {
    const text = "A=1\n# recovery: drill=same targets=production,preview\nB=2\n# recovery-drill: test\nC=3";
    expect(read(text).variables).toEqual([
      { key: "A", targets: ["production"], value: "1", drill: { is: "unset" } },
      { key: "B", targets: ["production", "preview"], value: "2", drill: { is: "same" } },
      { key: "C", targets: ["production"], value: "3", drill: { is: "value", value: "test" } },
    ]);
  });

  it("take their targets from the live project, and what is the database's from the recovered one", () => {
    const targetsOf = () => ["production", "development"] as const;
    const text = `NEXT_PUBLIC_SUPABASE_URL=https://${REF}.supabase.co\n# recovery: literal\nPGHOST=other\n# recovery: from={supabaseUrl}/x\nFILES=`;
    expect(read(text, { ref: REF, targetsOf }).variables).toEqual([
      { key: "NEXT_PUBLIC_SUPABASE_URL", targets: targetsOf(), from: "supabaseUrl", drill: { is: "same" } },
      { key: "PGHOST", targets: targetsOf(), value: "other", drill: { is: "unset" } },
      { key: "FILES", targets: targetsOf(), from: "{supabaseUrl}/x", drill: { is: "same" } },
    ]);
  });

  it("of Vercel itself are left out", () => {
    expect(read("VERCEL_ENV=production\nVERCEL_GIT_COMMIT_SHA=a\nVERCEL_TOKEN=b")).toMatchObject({
      leftOut: ["VERCEL_ENV", "VERCEL_GIT_COMMIT_SHA"],
      variables: [{ key: "VERCEL_TOKEN" }],
    });
  });

  it.each([
    ["A=", /line 1: A has no value/],
    ["A=1\nA=hunter2", /line 2: A is there twice for the same target/],
    ["# recovery: hunter2=x\nA=1", /is not understood/],
    ["# recovery: targets=prod\nA=1", /word "targets"/],
    ["# recovery: from=database\nA=1", /"database", which is no source; the sources are supabaseUrl/],
    ["# recovery: drill=same\n# recovery-drill: x\nA=1", /has a drill value and drill=same/],
    [`FILES=https://${REF}.supabase.co/storage/v1`, /leads to the live database.*from=/],
    [`# recovery: literal drill=same\nFILES=https://${REF}.supabase.co`, /reaches the live database, which no drill/],
    [`ADMIN=${token({ ref: REF })}`, /leads to the live database/],
    ["# recovery: drill=same\nRESEND_API_KEY=hunter2", /RESEND_API_KEY looks like a credential that reaches mail/],
    ["# recovery: drill=same\nPAY=sk_live_hunter2", /PAY looks like a credential that reaches payments/],
    ["# recovery-drill: hunter2\nSTRIPE_KEY=hunter2", /STRIPE_KEY looks like a credential/],
  ])("are refused by name: %j", (text, reason) => {
    expect(refusal(text)).toMatch(reason);
    expect(refusal(text).replace(/word "hunter2"/, "")).not.toMatch(/hunter2|https:/);
    expect(refusal(text)).toContain("Nothing was stored.");
  });

  it("are refused all at once", () => {
    expect(refusal("A=\nB=\n")).toMatch(/line 1: A .*\n.*line 2: B /);
  });

  it("may pass a live credential to a drill, or be empty, by a word for each", () => {
    const text =
      "# recovery: drill=same live\nSTRIPE_KEY=sk\n# recovery: empty\nA=\n# recovery-drill: sk_test_1\nSTRIPE=x";
    expect(read(text).variables.map(({ drill }) => drill.is)).toEqual(["same", "unset", "value"]);
  });
});

describe("what a credential reaches", () => {
  it.each([
    ["mail to users", ["SMTP_PASS", "SENDGRID_API_KEY", "NEXT_RESEND_KEY", "AWS_SES_SECRET", "POSTMARK_TOKEN"]],
    ["payments", ["STRIPE_SECRET_KEY", "PAYPAL_CLIENT", "NEXT_PUBLIC_STRIPE_KEY"]],
    ["webhooks and messages", ["SLACK_WEBHOOK_URL", "MY_WEBHOOK_SECRET", "TWILIO_SID", "VAPID_PRIVATE_KEY"]],
  ])("is %s, by its name", (what, names) => {
    expect(names.map((name) => reachOf(name, "x"))).toEqual(names.map(() => what));
  });

  it.each([
    ["mail to users", "smtps://u:p@mail.example:465"],
    ["payments", "sk_live_1"],
    ["webhooks and messages", "https://hooks.slack.com/services/1"],
  ])("is %s, by its value", (what, value) => {
    expect(reachOf("A", value)).toBe(what);
  });

  it.each(["FEATURE", "SESSION_SECRET", "DESCRIPTION", "PUBLIC_URL", "MAILBOXES_SHOWN"])(
    "is nothing for %s",
    (name) => {
      expect(reachOf(name, "x")).toBeUndefined();
    },
  );

  it("is a project, also inside an older key", () => {
    expect(
      [token({ ref: REF }), `postgres.${REF}`, token({ ref: "x" }), "a.b.c", "x"].map((one) => leadsTo(REF, one)),
    ).toEqual([true, true, false, false, false]);
  });
});

describe("a mapping", () => {
  it("is known for the names of Supabase's integration, with any framework's prefix", () => {
    expect(
      ["POSTGRES_URL", "NEXT_PUBLIC_SUPABASE_ANON_KEY", "VITE_SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY", "X"].map(
        sourceByName,
      ),
    ).toEqual(["databaseUrl", "anonKey", "supabaseUrl", "serviceRoleKey", undefined]);
  });

  it("asks only for the sources that it names", async () => {
    const asked: string[] = [];
    const valueOf = (source: string) => {
      asked.push(source);
      return `<${source}>`;
    };
    expect(await filled("databaseUrl", valueOf)).toBe("<databaseUrl>");
    expect(await filled("{supabaseUrl}/{supabaseRef}?a={supabaseRef}", valueOf)).toBe(
      "<supabaseUrl>/<supabaseRef>?a=<supabaseRef>",
    );
    expect(new Set(asked)).toEqual(new Set(["databaseUrl", "supabaseUrl", "supabaseRef"]));
    expect(SOURCES.map(faultOfMapping)).toEqual(SOURCES.map(() => undefined));
    expect(faultOfMapping("plain/text")).toMatch("names no source");
  });
});
