import { describe, expect, it } from "@jest/globals";

import { comparedLines } from "../../../cli/text/configurationText.ts";
import { compareConfigurations, type WithValues } from "../../../recovery/configuration/compareConfigurations.ts";
import type { VariableValue } from "../../../recovery/vault/variableValuesPart.ts";

const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
const variable = (key: string, more: object = {}) => ({ key, type: "encrypted", targets: ["production"], ...more });
const valued = (key: string, value: string, more: object = {}): VariableValue => ({
  key,
  targets: ["production"],
  environments: [],
  value,
  ...more,
});
/** What a part may be in these tests, with each field that they change. */
interface Content {
  "application web": {
    settings: Record<string, unknown>;
    variables: object[];
    names: Record<string, unknown>[];
  };
  dns: { zone: string; records: Record<string, unknown>[] };
  "repository o/r": { fullName: string; settings: Record<string, unknown> };
  stackState: { deployment: { resources: { urn: string; inputs: Record<string, unknown> }[] } };
}
const stored = () => {
  const configuration: Content = {
    "application web": {
      settings: {
        framework: "nextjs",
        updatedAt: 1,
        link: { productionBranch: "main", deployHooks: "[left out: secret]" },
      },
      variables: [variable("API"), variable("API", { targets: ["preview"], branch: "one" }), variable("GONE")],
      names: [{ name: "www.castchat.example", redirect: "castchat.example", updatedAt: 1 }],
    },
    dns: {
      zone: "castchat.example",
      records: [
        { id: "1", type: "A", name: "castchat.example", content: "192.0.2.1", ttl: 300, meta: {} },
        { id: "2", type: "MX", name: "castchat.example", content: "mail-1.example", priority: 10 },
        { id: "3", type: "MX", name: "castchat.example", content: "mail-2.example", priority: 20 },
      ],
    },
    "repository o/r": { fullName: "o/r", settings: { has_wiki: true, topics: ["a"] } },
    stackState: {
      deployment: {
        resources: [{ urn: "urn:pulumi:prod::a", inputs: { x: 1, s: { ...SECRET, ciphertext: "v1:a:b" } } }],
      },
    },
  };
  const web = [valued("API", "hunter2"), valued("API", "p", { targets: ["preview"], branch: "one" })];
  return { configuration, web };
};
const withValues = (
  { configuration, web }: { configuration: object; web: VariableValue[] },
  more: object = {},
  project = "web",
): WithValues => ({
  configuration: { format: 2, takenAt: "x", missing: [], ...configuration, ...more },
  values: { format: 1, applications: { [project]: web } },
});
const isStatus = (_: string, field: string) => field === "updatedAt";
const compare = (now: WithValues, more: object = {}) =>
  compareConfigurations({ stored: withValues(stored()), now, isStatus, ...more });
/** The stored one after changes. */
const changed = (change: (content: ReturnType<typeof stored>) => void) => {
  const content = stored();
  change(content);
  return withValues(content);
};

describe("a configuration compared with a backup", () => {
  it("is equal where only what a host writes has changed", () => {
    const now = changed((content) => {
      content.configuration["application web"].settings["updatedAt"] = 2;
      content.configuration.dns.records[0]!["id"] = "made again";
      content.configuration.dns.records.reverse();
      content.configuration.stackState.deployment.resources[0]!.inputs["s"] = { ...SECRET, ciphertext: "v1:c:d" };
    });
    expect(compare(now)).toEqual({
      differences: [],
      compared: ["application web", "dns", "repository o/r", "stackState"],
      notCompared: [],
      unknown: ["application web settings link.deployHooks", "stackState urn:pulumi:prod::a inputs.s"],
    });
  });

  it("differs by part, item and field, and shows no value of a variable", () => {
    const now = changed((content) => {
      const { "application web": web, dns, "repository o/r": repository } = content.configuration;
      web.settings["link"] = { productionBranch: "next", deployHooks: "[left out: secret]" };
      web.variables = [...web.variables.slice(0, 2), variable("NEW")];
      web.names[0]!["redirect"] = null;
      content.web[0]!.value = "hunter3";
      dns.records[0]!["content"] = "192.0.2.2";
      dns.records[1]!["content"] = "mail-3.example";
      repository.settings["topics"] = ["a", "b"];
    });
    const { differences, ...rest } = compare(now);
    const web = { part: "application web" };
    expect(differences).toEqual([
      { ...web, item: "settings", field: "link.productionBranch", change: "changed", was: "main", now: "next" },
      {
        ...web,
        item: "variable API (production)",
        field: "value",
        change: "changed",
        was: expect.stringMatching(/^fingerprint [0-9a-f]{12}$/),
        now: expect.stringMatching(/^fingerprint [0-9a-f]{12}$/),
      },
      { ...web, item: "variable GONE (production)", field: "", change: "removed" },
      { ...web, item: "domain www.castchat.example", field: "redirect", change: "removed", was: "castchat.example" },
      { ...web, item: "variable NEW (production)", field: "", change: "added" },
      {
        part: "dns",
        item: "A castchat.example",
        field: "content",
        change: "changed",
        was: "192.0.2.1",
        now: "192.0.2.2",
      },
      { part: "dns", item: "MX castchat.example mail-1.example", field: "", change: "removed" },
      { part: "dns", item: "MX castchat.example mail-3.example", field: "", change: "added" },
      { part: "repository o/r", item: "settings", field: "topics", change: "changed", was: ["a"], now: ["a", "b"] },
    ]);
    expect(JSON.stringify([differences, rest])).not.toContain("hunter");
    // The key is another one in each report.
    const [one, other] = [compare(now), compare(now)].map((each) => each.differences[1]!.was);
    expect(one).not.toBe(other);
  });

  it("says which parts were not compared, and why, and takes a project under its other name", () => {
    const { configuration, web } = stored();
    const { "application web": own, stackState } = configuration;
    const missing = [{ part: "dns", reason: "refused" }];
    const now = withValues(
      { configuration: { "application dr-web": own, stackState, auth: {} }, web },
      { missing },
      "dr-web",
    );
    const renamed = new Map([["application web", "application dr-web"]]);
    expect(compare(now, { renamed, foreign: ["stackState"] })).toMatchObject({
      differences: [],
      compared: ["application web"],
      notCompared: [
        { part: "dns", reason: "refused" },
        { part: "repository o/r", reason: "the stack's settings do not name it" },
        { part: "stackState", reason: "the backup has that of another stack" },
        { part: "auth", reason: "the backup does not hold it" },
      ],
    });
  });

  it("compares no value where one side has none, and shows control characters as text", () => {
    const { configuration } = changed((content) => {
      content.configuration["application web"].settings["framework"] = "\u001b[2Jvite";
    });
    const compared = compare({ configuration });
    expect(compared.differences.map(({ field }) => field)).toEqual(["framework"]);
    expect(comparedLines(compared).join("\n")).not.toContain("\u001b[2J");
  });
});
