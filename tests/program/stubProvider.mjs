/**
 * A provider plugin that agrees to everything and touches nothing: for tests of what the engine makes of the program. Outputs
 * are the inputs and what COMPUTED holds for the resource's type.
 */
import { createRequire } from "node:module";

// Only this part of the SDK: the whole of it takes three times as long to load.
const { main } = createRequire(import.meta.url)("@pulumi/pulumi/provider");

const COMPUTED = {
  "aws:kms/key:Key": { keyId: "key-id" },
  "recovery:index:DatabasePassword": { password: "stub-initial-password" },
  "recovery:index:SupabaseProject": {
    ref: "abc",
    apiUrl: "https://abc.example",
    connectionString: "postgres://postgres:stub-password@db.example/postgres",
    anonKey: "stub-anon-key",
  },
  "recovery:index:DatabaseRestore": { backupId: "20260701T020000Z-1a2b3c", phases: [], durationMs: 1 },
  "recovery:index:SealedEnvironment": { backupId: "20260701T020000Z-00000e", newestId: "20260701T020000Z-00000e" },
  "recovery:index:AppEnvironment": { names: ["TOKEN"], missing: [], digest: "d16e57" },
  "recovery:index:AppDeployment": { deploymentId: "dpl_1", url: "https://app-1.vercel.app", commit: "c0ffee" },
  "recovery:index:ProbeName": { keptName: "castchat-dr-probe.castchat.jp" },
  "recovery:index:TrafficSwitch": { leaseName: "_castchat-recovery.app", recordId: "1", durationMs: 1 },
};

/** As provider/recovery/generations.ts has it: what is declared only grows. */
const declaredWith = ({ first, declared }, generation) => ({
  first,
  declared: [...new Set([...declared, generation])].sort((a, b) => a - b),
});
const COMPUTED_FROM = {
  "recovery:index:Generations": ({ generation }, olds) =>
    declaredWith(olds ?? { first: generation, declared: [] }, generation),
};

const typeOf = (urn) => urn.split("::")[2].split("$").pop();
const comparable = (bag) =>
  JSON.stringify(
    Object.entries(bag)
      .filter(([key]) => !key.startsWith("__"))
      .sort(),
  );

await main(
  {
    version: "0.0.1",
    check: async (urn, olds, news) => ({ inputs: news, failures: [] }),
    diff: async (id, urn, olds, news) => ({ changes: comparable(olds.__inputs ?? olds) !== comparable(news) }),
    create: async (urn, inputs) => {
      const id = `${urn.split("::").pop()}-id`;
      const computed = { ...COMPUTED[typeOf(urn)], ...COMPUTED_FROM[typeOf(urn)]?.(inputs) };
      return { id, outs: { ...inputs, arn: `arn:stub:::${id}`, ...computed, __inputs: inputs } };
    },
    update: async (id, urn, olds, news) => ({
      outs: { ...olds, ...news, ...COMPUTED_FROM[typeOf(urn)]?.(news, olds), __inputs: news },
    }),
    delete: async () => {},
    read: async (id, urn, props) => ({ id, props }),
    invoke: async () => ({ outputs: { publicKeyPem: "PEM" } }),
  },
  process.argv.slice(2),
);
