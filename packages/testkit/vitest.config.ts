import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: {
    include: ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts'],
    reporters: ['default', new URL('./src/reporter.ts', import.meta.url).pathname],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
