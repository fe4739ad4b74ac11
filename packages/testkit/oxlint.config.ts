import { defineConfig, type OxlintConfig } from 'oxlint';

/** The edges apps -> packages -> core and who may know which library; packages/testkit/src/lint-rules.test.ts proves each of them. */
interface Ban {
  readonly regex: string;
  readonly message: string;
}

const nats: Ban = { regex: '^(@nats-io/|nats$)', message: 'Only packages/stream knows NATS.' };
const smtpServer: Ban = { regex: '^smtp-server(/|$)', message: 'Only relay, inbox and testkit speak the server side of SMTP.' };
const nodemailer: Ban = { regex: '^nodemailer(/|$)', message: "Only the sender's SMTP file and its logins use nodemailer." };
const apps: Ban = {
  regex: '^@posthaste/(api|cli|console|inbox|relay|scheduler|sender)(/|$)',
  message: 'Nothing imports an app: move what is shared into a package.',
};
const foreignFolder: Ban = { regex: '^(\\.\\./)+[^.].*/src/', message: 'Another package is imported by its name, not by a path into its folder.' };
const timers: Ban = { regex: '^(node:)?timers(/|$)', message: 'Time comes from the Clock of @posthaste/telemetry.' };
const anything: Ban = { regex: '^[^.]', message: 'core is pure: it imports nothing but its own files.' };

const everywhere = [nats, smtpServer, nodemailer, apps, foreignFolder];

function banned(...bans: readonly Ban[]): NonNullable<OxlintConfig['rules']> {
  return { 'no-restricted-imports': ['error', { patterns: [...bans] }] };
}

function without(bans: readonly Ban[], ...allowed: readonly Ban[]): readonly Ban[] {
  return bans.filter((ban) => !allowed.includes(ban));
}

const timeMessage = 'Time and chance come in as arguments, or from the Clock of @posthaste/telemetry.';
const timerGlobals = ['setTimeout', 'setInterval'];

const noTimeNoChance: NonNullable<OxlintConfig['rules']> = {
  'no-restricted-globals': ['error', ...timerGlobals.map((name) => ({ name, message: timeMessage }))],
  'no-restricted-properties': [
    'error',
    ...timerGlobals.map((property) => ({ object: 'globalThis', property, message: timeMessage })),
    { object: 'Date', property: 'now', message: timeMessage },
    { object: 'Math', property: 'random', message: timeMessage },
    { object: 'performance', property: 'now', message: timeMessage },
  ],
};

/** What the categories bring along and this code is right to do. */
const notOurs: NonNullable<OxlintConfig['rules']> = {
  'import/no-named-as-default-member': 'off',
  'no-control-regex': 'off',
  'no-new': 'off',
  'no-shadow': 'off',
  'no-underscore-dangle': 'off',
  'no-unmodified-loop-condition': 'off',
  'promise/always-return': 'off',
  'promise/no-promise-in-callback': 'off',
  // tsc already refuses a path without a value, and knows an exhaustive switch.
  'typescript/consistent-return': 'off',
  // `return void act()` leaves a function early.
  'typescript/no-meaningless-void-operator': 'off',
  // Narrowing what came over a wire or out of a library is what assertions are for.
  'typescript/no-unsafe-type-assertion': 'off',
  // Our interfaces are bags of functions, without a `this`.
  'typescript/unbound-method': 'off',
  'unicorn/consistent-function-scoping': 'off',
  'unicorn/no-array-reverse': 'off',
  'unicorn/no-array-sort': 'off',
  // A copy made before a loop that changes the original looks useless to it.
  'unicorn/no-useless-spread': 'off',
  // Assertions also stand in functions that a test calls.
  'vitest/expect-expect': 'off',
  // What a property expects depends on what was drawn.
  'vitest/no-conditional-expect': 'off',
  'vitest/require-to-throw-message': 'off',
  // The second one says which of many it was.
  'vitest/valid-expect': ['error', { maxArgs: 2 }],
};

export default defineConfig({
  plugins: ['eslint', 'typescript', 'unicorn', 'oxc', 'import', 'node', 'promise', 'vitest'],
  categories: { correctness: 'error', suspicious: 'error' },
  ignorePatterns: ['**/gen/**', '**/dist/**'],
  rules: {
    ...banned(...everywhere),
    'node/no-process-env': 'error',
    'import/no-cycle': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'typescript/no-explicit-any': 'error',
    'typescript/consistent-type-imports': 'error',
    ...notOurs,
  },
  overrides: [
    {
      files: [
        '**/packages/config/**',
        '**/main.ts',
        '**/*.test.ts',
        '**/packages/{testkit,bench,stories}/**',
        '**/{testbed,contract}/**',
        '**/{fake-*,rig}.ts',
      ],
      rules: { 'node/no-process-env': 'off' },
    },
    { files: ['**/packages/stream/**'], rules: banned(...without(everywhere, nats)) },
    { files: ['**/apps/{relay,inbox}/**', '**/packages/testkit/**'], rules: banned(...without(everywhere, smtpServer)) },
    { files: ['**/apps/{scheduler,sender}/src/**'], rules: { ...noTimeNoChance, ...banned(...everywhere, timers) } },
    { files: ['**/apps/sender/src/{smtp-upstream,upstream-login}.ts'], rules: banned(...without(everywhere, nodemailer), timers) },
    { files: ['**/packages/bench/src/peers/**'], rules: banned(...without(everywhere, nodemailer)) },
    { files: ['**/packages/client/src/nodemailer-transport.test.ts'], rules: banned(...without(everywhere, nodemailer)) },
    { files: ['**/packages/core/src/**'], rules: { ...noTimeNoChance, ...banned(anything, foreignFolder) } },
    { files: ['**/packages/simulator/src/**'], rules: { ...noTimeNoChance, ...banned(...everywhere, timers) } },
    // Virtual parts around the core compare and print; time and chance stay forbidden there.
    { files: ['**/packages/core/src/simulation/**', '**/packages/core/src/**/*.test.ts'], rules: banned(...everywhere, timers) },
    {
      files: ['**/apps/{scheduler,sender}/src/**/*.test.ts', '**/packages/core/src/**/*.test.ts'],
      rules: { 'no-restricted-globals': 'off', 'no-restricted-properties': 'off' },
    },
  ],
});
