/**
 * A provider plugin that agrees to everything and touches nothing: for tests of what the engine makes of the program.
 * Its package is its first argument. Outputs are the inputs and whatever STUB_OUTPUTS holds for the resource's type.
 */
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const pulumi = require("@pulumi/pulumi");

const computed = JSON.parse(process.env.STUB_OUTPUTS ?? "{}");
const typeOf = (urn) => urn.split("::")[2].split("$").pop();
const equal = (left, right) => JSON.stringify(left) === JSON.stringify(right);
const withoutInternals = (bag) => Object.fromEntries(Object.entries(bag).filter(([key]) => !key.startsWith("__")).sort());

const provider = {
  version: "0.0.1",
  check: async (urn, olds, news) => ({ inputs: news, failures: [] }),
  diff: async (id, urn, olds, news) => {
    const { __inputs, ...outputs } = olds;
    const before = __inputs ?? outputs;
    return { changes: !equal(withoutInternals(before), withoutInternals(news)), replaces: [], deleteBeforeReplace: true };
  },
  create: async (urn, inputs) => {
    const id = `${urn.split("::").pop()}-id`;
    return { id, outs: { ...inputs, arn: `arn:stub:::${id}`, ...computed[typeOf(urn)], __inputs: inputs } };
  },
  update: async (id, urn, olds, news) => ({ outs: { ...olds, ...news, __inputs: news } }),
  delete: async () => {},
  read: async (id, urn, props) => ({ id, props }),
  invoke: async (token) => ({ outputs: computed[token] ?? {} }),
};

await pulumi.provider.main(provider, process.argv.slice(3));
