/** Tests are transpiled to CommonJS by swc; types are checked by `make types`. */
export default {
  testEnvironment: "<rootDir>/tests/support/environment.js",
  roots: ["<rootDir>/tests"],
  testMatch: ["**/*.test.ts"],
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      { jsc: { target: "es2023", parser: { syntax: "typescript" } }, module: { type: "commonjs" } },
    ],
  },
  globalSetup: "<rootDir>/tests/support/run.js",
  globalTeardown: "<rootDir>/tests/support/runEnd.js",
  testTimeout: 30_000,
  reporters: ["default", "<rootDir>/tests/support/times.js"],
  testSequencer: "<rootDir>/tests/support/sequencer.js",
  // Most suites wait for servers and for the engine, so that three at once pay off even on two cores.
  maxWorkers: 3,
  modulePathIgnorePatterns: ["<rootDir>/.sandbox", "<rootDir>/.build"],
};
