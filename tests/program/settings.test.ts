import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { TestStack } from "../support/testStack.ts";

describe("faulty settings on the engine", () => {
  let program: TestStack;
  beforeAll(async () => {
    program = await TestStack.ofShippedProgram("prod");
  }, 90_000);
  afterAll(() => program.dispose());

  it("are all named in one refusal without a stack trace, and nothing is declared", async () => {
    await program.set({
      peerAwsRegion: "ap-northeast-1",
      awsRegoin: "x",
      tierOverrides: { daily: 7 },
      mode: "active",
    });
    const text = await program.refusal("preview");
    expect(text).toContain('settings of stack "prod" are wrong:');
    expect(text).toContain('castchat-recovery:peerAwsRegion is "ap-northeast-1", the same as awsRegion');
    expect(text).toContain("castchat-recovery:awsRegoin is not a setting; did you mean awsRegion?");
    expect(text).toContain("castchat-recovery:tierOverrides is too short: daily keeps 7 days");
    expect(text).toContain('castchat-recovery:mode is "active", but only a standby has a mode');
    expect(text).not.toMatch(/\n\s+at .*\.(ts|js):\d+|unhandled/);
    expect(text).not.toContain("castchat:index:PrimarySite");
  }, 90_000);

  it("of a wrong type are refused by the engine, with the key", async () => {
    await program.set({ generation: "two" });
    const text = await program.refusal("preview");
    expect(text).toContain("configuration key 'generation' must be of type 'integer'");
  }, 90_000);
});
