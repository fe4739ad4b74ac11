/**
 * How V8 is set for a program that lives long and moves many short-lived buffers. Left to itself it starts from a heap of a few megabytes and marks
 * all of it several times a second, because each buffer counts against so small a heap: a tenth of the relay's CPU. The price is some 20 MiB a program.
 */
export const nodeFlags: readonly string[] = ['--max-semi-space-size=32', '--initial-old-space-size=64'];
