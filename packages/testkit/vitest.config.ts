import { defineConfig } from 'vitest/config';

const stories = 'packages/stories/src/*.test.ts';

export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: {
    reporters: ['default', new URL('./src/reporter.ts', import.meta.url).pathname],
    projects: [
      {
        test: {
          name: 'parts',
          include: ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts'],
          exclude: [stories],
          // One for each processor of the smallest machine that is meant: by itself vitest leaves one of two idle.
          maxWorkers: 2,
          testTimeout: 30_000,
          hookTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Each story starts all programs and loads them: two at a time, for they wait more than they work, and not beside anything else.
        test: {
          name: 'stories',
          include: [stories],
          maxWorkers: 2,
          testTimeout: 150_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
