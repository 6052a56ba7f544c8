import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { execa } from "execa";
import { parse, stringify } from "yaml";

const ROOT = resolve(".");
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
    const { exitCode, all } = await execa(process.execPath, [join(ROOT, "policies/check.ts"), root], {
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
  async function projectWith(change: (stack: string, config: Record<string, unknown>) => void): Promise<string> {
    const root = await mkdtemp(join(scratch, "project-"));
    const project = parse(await readFile(join(ROOT, "Pulumi.yaml"), "utf8")) as Record<string, unknown>;
    const providers = [{ name: "recovery", path: join(ROOT, "provider") }];
    const changed = { ...project, main: join(ROOT, "index.ts"), plugins: { providers } };
    await writeFile(join(root, "Pulumi.yaml"), stringify(changed));
    for (const stack of ["prod", "dr"]) {
      const text = await readFile(join(ROOT, `Pulumi.${stack}.yaml`), "utf8");
      const file = parse(text) as { config: Record<string, unknown> };
      change(stack, file.config);
      await writeFile(join(root, `Pulumi.${stack}.yaml`), stringify(file));
    }
    return root;
  }

  it("finds nothing wrong with what ships, changes none of its files, and leaves nothing behind", async () => {
    const contents = () => Promise.all(SHIPPED.map((name) => readFile(join(ROOT, name), "utf8")));
    const before = await contents();
    const ran = async () => ({ code: 0, output: await readFile(CHECKED ?? "", "utf8"), left: [] });
    const { code, output, left } = CHECKED === undefined ? await check(ROOT) : await ran();
    expect(output).toMatch(
      /^prod: \d\d resources, every policy is kept\ndr: \d\d resources, every policy is kept\nboth stacks: every policy is kept\n$/,
    );
    expect(code).toBe(0);
    expect(await contents()).toEqual(before);
    expect(left).toEqual([]);
  }, 120_000);

  it("exits with 1 and names what is broken, in one stack and between the two", async () => {
    const root = await projectWith((stack, config) => {
      if (stack === "dr")
        Object.assign(config, {
          "castchat-recovery:disposableVault": true,
          "castchat-recovery:endpointAws": "https://s3.example",
        });
      else config["castchat-recovery:standbyVaultBucketArn"] = "arn:aws:s3:::elsewhere";
      // Of no consequence for a vault that isn't disposable.
      config["castchat-recovery:protect"] = false;
    });
    const contents = () => Promise.all(SHIPPED.map((name) => readFile(join(root, name), "utf8")));
    const before = await contents();
    const { code, output, left } = await check(root);
    expect(await contents()).toEqual(before);
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
    const root = await projectWith((_, config) => {
      config["castchat-recovery:peerAwsRegion"] = config["castchat-recovery:awsRegion"];
    });
    const { code, output } = await check(root);
    expect(output).toMatch(/^dr: the preview failed: A setting of stack "dr" is wrong:\n.*the same as awsRegion/m);
    expect(output).not.toMatch(/\n\s+at .*:\d+:\d+/);
    expect(code).toBe(2);
  }, 120_000);

  it("exits with 2 where there is no engine, and says what to do", async () => {
    expect(await check(ROOT, { PATH: scratch })).toEqual({
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
