import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { type ProgramWorkspace, programWorkspace } from "./workspace.ts";

describe("faulty settings on the engine", () => {
  let program: ProgramWorkspace;
  beforeAll(async () => {
    program = await programWorkspace("prod");
  }, 90_000);
  afterAll(() => program.dispose());

  it("are all named in one refusal without a stack trace, and nothing is declared", async () => {
    await program.set({
      peerAwsRegion: "ap-northeast-1",
      awsRegoin: "x",
      tierOverrides: { daily: 7 },
      mode: "active",
    });
    const { code, output } = await program.pulumi("preview");
    expect(code).not.toBe(0);
    expect(output).toContain('settings of stack "prod" are wrong:');
    expect(output).toContain('castchat-recovery:peerAwsRegion is "ap-northeast-1", the same as awsRegion');
    expect(output).toContain("castchat-recovery:awsRegoin is not a setting; did you mean awsRegion?");
    expect(output).toContain("castchat-recovery:tierOverrides is too short: daily keeps 7 days");
    expect(output).toContain('castchat-recovery:mode is "active", but only a standby has a mode');
    expect(output).not.toMatch(/\n\s+at .*\.(ts|js):\d+|unhandled/);
    expect(output).not.toContain("castchat:index:PrimarySite");
  }, 90_000);

  it("of a wrong type are refused by the engine, with the key", async () => {
    await program.set({ generation: "two" });
    const { code, output } = await program.pulumi("preview");
    expect(code).not.toBe(0);
    expect(output).toContain("configuration key 'generation' must be of type 'integer'");
  }, 90_000);
});
