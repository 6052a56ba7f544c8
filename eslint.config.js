import pulumi from "@pulumi/eslint-plugin";
import imports, { createNodeResolver } from "eslint-plugin-import-x";
import sortImports from "eslint-plugin-simple-import-sort";
import tseslint from "typescript-eslint";
import { LAB_COMMANDS, restrictedPaths, WRITERS } from "./tools/zones.js";

const WRITES = "Only cli/terminal/ writes to the terminal, without control characters of other texts (tools/zones.js).";

/** Packages of which a program declares a few resources. */
const PROVIDER_PACKAGES = ["@pulumi/aws", "@pulumi/cloudflare", "@pulumi/github", "@pulumiverse/vercel"];

export default tseslint.config(
  { ignores: ["node_modules/", ".sandbox/", ".build/", "reports/", "**/*.js", "**/*.mjs"] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    plugins: { "@pulumi": pulumi, "import-x": imports, "simple-import-sort": sortImports },
    settings: { "import-x/resolver-next": [createNodeResolver({ extensions: [".ts", ".js"] })] },
    rules: {
      "@pulumi/no-output-in-template-literal": "error",
      "@pulumi/no-output-instance-in-template-literal": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/consistent-type-imports": "error",
      "import-x/no-duplicates": "error",
      "import-x/no-restricted-paths": ["error", { basePath: import.meta.dirname, zones: restrictedPaths() }],
      "simple-import-sort/exports": "error",
      "simple-import-sort/imports": ["error", { groups: [["^node:"], ["^@?\\w"], ["^"], ["^\\."]] }],
      eqeqeq: "error",
      "no-console": "error",
      "no-restricted-imports": ["error", ...["node:process", "process"].map((name) => ({ name, message: WRITES }))],
      "no-restricted-properties": [
        "error",
        ...["stdout", "stderr"].map((property) => ({ object: "process", property, message: WRITES })),
      ],
      "no-restricted-syntax": [
        "error",
        {
          selector: "ObjectExpression > SpreadElement > ObjectExpression",
          message: "Write the properties themselves: spreading a literal only packs them into fewer lines.",
        },
      ],
    },
  },
  {
    files: LAB_COMMANDS,
    rules: {
      "import-x/no-restricted-paths": ["error", { basePath: import.meta.dirname, zones: restrictedPaths("lab") }],
    },
  },
  {
    files: ["components/**/*.ts", "policies/**/*.ts"],
    rules: {
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          paths: PROVIDER_PACKAGES.map((name) => ({
            name,
            allowTypeImports: true,
            message: "Import a resource from its own file: the whole package takes 0.1 to 0.2 s of CPU to load.",
          })),
        },
      ],
    },
  },
  {
    files: WRITERS,
    rules: { "no-restricted-imports": "off", "no-restricted-properties": "off" },
  },
  {
    files: ["tests/**/*.ts"],
    rules: {
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              regex: "/lab/sandbox/emulators/(cloudflare|github|supabase|vercel)\\.ts$",
              allowTypeImports: true,
              message: "Import it from tests/support/emulators.ts, which holds it against the service's description.",
            },
          ],
        },
      ],
    },
  },
  {
    // The first hands them out, the second runs outside of jest.
    files: ["tests/support/emulators.ts", "tests/lab/sandbox/plugins/support/startEmulators.ts"],
    rules: { "@typescript-eslint/no-restricted-imports": "off" },
  },
);
