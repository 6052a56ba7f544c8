import { describe, expect, it } from "@jest/globals";
import { parse } from "yaml";

import { withSettings } from "../../../recovery/adopt/stackFile.ts";
import { UserError } from "../../../services/common/errors.ts";

const FILE = `# the primary
config:
  castchat-recovery:dns: managed # since March
  castchat-recovery:databaseUrl:
    secure: v1:abc:def

  # The apps.
  castchat-recovery:apps:
    - project: castchat # the website
      build: {framework: remix}
      publicNames: [app.castchat.jp]
encryptionsalt: v1:xyz
`;
const APPS = "castchat-recovery:apps";

describe("a stack's file with other settings", () => {
  it("keeps comments, secrets and all other settings", () => {
    const records = [{ id: "a", name: "castchat.jp", type: "TXT", ttl: 1, content: 'a "quoted": text # no comment' }];
    const text = withSettings(FILE, [
      [[APPS, 0, "build"], { framework: "nextjs", nodeVersion: "22.x" }],
      [[APPS, 0, "gitRepository"], { type: "github", repo: "castchat/castchat" }],
      [["castchat-recovery:dnsRecords"], records],
    ]);
    for (const comment of ["# the primary", "# since March", "# The apps.", "# the website"])
      expect(text).toContain(comment);
    const { config, encryptionsalt } = parse(text) as { config: Record<string, unknown>; encryptionsalt: string };
    expect(encryptionsalt).toBe("v1:xyz");
    expect(config["castchat-recovery:databaseUrl"]).toEqual({ secure: "v1:abc:def" });
    expect(config["castchat-recovery:dnsRecords"]).toEqual(records);
    expect(config[APPS]).toEqual([
      {
        project: "castchat",
        build: { framework: "nextjs", nodeVersion: "22.x" },
        publicNames: ["app.castchat.jp"],
        gitRepository: { type: "github", repo: "castchat/castchat" },
      },
    ]);
    // A record is one line, for the next look at a difference.
    expect(text.split("\n").filter((line) => line.includes("type: TXT"))).toHaveLength(1);
  });

  it("removes a setting that the live thing does not have, also one that is not there", () => {
    const text = withSettings(FILE, [
      [[APPS, 0, "build"], undefined],
      [[APPS, 0, "gitRepository"], undefined],
    ]);
    expect((parse(text) as { config: Record<string, unknown> }).config[APPS]).toEqual([
      { project: "castchat", publicNames: ["app.castchat.jp"] },
    ]);
  });

  it("refuses a list that is written as text", () => {
    const asText = FILE.replace(/apps:[^]*(?=encryptionsalt)/, `apps: '[{"project":"castchat"}]'\n`);
    expect(() => withSettings(asText, [[[APPS, 0, "build"], {}]])).toThrow(UserError);
  });
});
