/** Tests are transpiled to CommonJS by swc; types are checked by `make types`. */
export default {
  testEnvironment: "node",
  roots: ["<rootDir>/tests"],
  testMatch: ["**/*.test.ts"],
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      { jsc: { target: "es2023", parser: { syntax: "typescript" } }, module: { type: "commonjs" } },
    ],
  },
  testTimeout: 30_000,
  modulePathIgnorePatterns: ["<rootDir>/.sandbox"],
};
