import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { execa } from "execa";

import { PROJECT_ROOT } from "../../lab/sandbox/host/layout.ts";
import { copyWorkspace } from "../../recovery/pulumi/previewWorkspace.ts";
import { changeSettings } from "../support/shippedSettings.ts";

/** What `make policy` has just printed: the gate runs it, and no second time. */
const CHECKED = process.env["CASTCHAT_POLICY_OUTPUT"];
const SHIPPED = ["Pulumi.yaml", "Pulumi.prod.yaml", "Pulumi.dr.yaml"];

/** The policies on the real engine, as `make policy` runs them. */
describe("policies/check.ts", () => {
  let scratch: string;
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), "castchat-check-test-"));
  });
  afterAll(() => rm(scratch, { recursive: true, force: true }));

  /** Runs the check with a temporary folder of its own, and says what is left in it. */
  async function check(root: string, env: NodeJS.ProcessEnv = {}) {
    const temporary = await mkdtemp(join(scratch, "tmp-"));
    const { exitCode, all } = await execa(process.execPath, [join(PROJECT_ROOT, "policies/check.ts"), root], {
      env: { TMPDIR: temporary, ...env },
      stdin: "ignore",
      all: true,
      reject: false,
      stripFinalNewline: false,
    });
    const left = (await readdir(temporary)).filter((name) => /^castchat-(policy|preview)-/.test(name));
    return { code: exitCode, output: all, left };
  }

  /** A project with the shipped program and other settings. */
  async function projectWith(settings: Record<"prod" | "dr", Record<string, unknown>>): Promise<string> {
    const root = await mkdtemp(join(scratch, "project-"));
    for (const [stack, changed] of Object.entries(settings)) {
      await copyWorkspace(PROJECT_ROOT, stack, root);
      await changeSettings(root, stack, changed);
    }
    return root;
  }
  const contentsIn = (root: string) => Promise.all(SHIPPED.map((name) => readFile(join(root, name), "utf8")));

  it("finds nothing wrong with what ships, changes none of its files, and leaves nothing behind", async () => {
    const before = await contentsIn(PROJECT_ROOT);
    const ran = async () => ({ code: 0, output: await readFile(CHECKED ?? "", "utf8"), left: [] });
    const { code, output, left } = CHECKED === undefined ? await check(PROJECT_ROOT) : await ran();
    expect(output).toMatch(
      /^prod: \d\d resources, every policy is kept\ndr: \d\d resources, every policy is kept\ndr in mode active: \d\d resources, every policy is kept\ndr in mode drill: \d\d resources, every policy is kept\nboth stacks: every policy is kept\n$/,
    );
    expect(code).toBe(0);
    expect(await contentsIn(PROJECT_ROOT)).toEqual(before);
    expect(left).toEqual([]);
  }, 120_000);

  it("exits with 1 and names what is broken, in one stack and between the two", async () => {
    // Without protection, which is of no consequence for a vault that isn't disposable.
    const protect = false;
    const root = await projectWith({
      prod: { protect, standbyVaultBucketArn: "arn:aws:s3:::elsewhere" },
      dr: { protect, disposableVault: true, endpointAws: "https://s3.example" },
    });
    const before = await contentsIn(root);
    const { code, output, left } = await check(root);
    expect(await contentsIn(root)).toEqual(before);
    expect(output).toContain(
      "  - The backup vault's bucket must be protected; remove the setting disposableVault. [vault-bucket] (aws-s3-bucket-protect-vault)",
    );
    expect(output).toContain("[vault-key] (aws-kms-key-protect-vault-key)");
    expect(output).toContain('  - Stack "prod" replicates its backup vault to arn:aws:s3:::elsewhere, which no other');
    expect(output).toMatch(/^prod: \d\d resources, every policy is kept$/m);
    expect(code).toBe(1);
    expect(left).toEqual([]);
  }, 120_000);

  it("exits with 2 when the settings are wrong, and repeats what is", async () => {
    const root = await projectWith({
      prod: { peerAwsRegion: "ap-northeast-1" },
      dr: { peerAwsRegion: "ap-northeast-3" },
    });
    const { code, output } = await check(root);
    expect(output).toMatch(/^dr: the preview failed: A setting of stack "dr" is wrong:\n.*the same as awsRegion/m);
    expect(output).not.toMatch(/\n\s+at .*:\d+:\d+/);
    expect(code).toBe(2);
  }, 120_000);

  it("exits with 2 where there is no engine, and says what to do", async () => {
    expect(await check(PROJECT_ROOT, { PATH: scratch })).toEqual({
      code: 2,
      output: "There is no pulumi on the PATH. Run `make policy`, which installs it.\n",
      left: [],
    });
  });

  it("exits with 2 where there is no project, and names the file", async () => {
    const { code, output } = await check(join(scratch, "nowhere"));
    expect(output).toContain(`There is no ${join(scratch, "nowhere", "Pulumi.yaml")}. Run the command in`);
    expect(code).toBe(2);
  });
});
