import { defineConfig } from "vitest/config";

// Tests run in plain Node, which has File, Blob and streams. One that needs a DOM says so in its
// first line: // @vitest-environment happy-dom
export default defineConfig({
  test: {
    include: ["src/**/*.test.{ts,tsx}", "tests/**/*.test.{ts,tsx}"],
    environment: "node",
    setupFiles: ["tests/setup.ts"],
    restoreMocks: true,
    unstubGlobals: true,
  },
});
