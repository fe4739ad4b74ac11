import { styleText } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Paint } from '../terminal/paint.ts';
import { LogFormat } from './log-line.ts';

const plain: Paint = (_format, text) => text;
const now = new Date(2026, 0, 2, 12, 0, 1);
const format = new LogFormat(['relay', 'scheduler'], plain);

describe('LogFormat', () => {
  it('shows time, program, level, sentence and fields', () => {
    const line = JSON.stringify({
      level: 'info',
      time: now.toISOString(),
      program: 'relay',
      msg: 'mail accepted',
      id: 'x1',
      recipients: 2,
      reason: 'two words',
    });
    expect(format.ofProgram('relay', line, new Date(0))).toBe('12:00:01 relay     info  mail accepted id=x1 recipients=2 reason="two words"');
  });

  it('shows lines that are no JSON as they are, without what would steer the terminal', () => {
    expect(format.ofProgram('scheduler', '\u001b[31mError: broken', now)).toBe('12:00:01 scheduler       Error: broken');
    expect(format.ofProgram('scheduler', '{ broken', now)).toBe('12:00:01 scheduler       { broken');
  });

  it('puts each of a list of sentences on a line of its own', () => {
    const line = JSON.stringify({ level: 'info', msg: 'settings', settings: ['a  1', 'b  2'], ports: ['1', '2'] });
    expect(format.ofProgram('relay', line, now)).toBe('12:00:01 relay     info  settings settings:\n    a  1\n    b  2 ports=["1","2"]');
  });

  it('dims the mail log, and paints nothing when colours are not wanted', () => {
    const painted = new LogFormat(['relay'], (style, text) => styleText(style, text, { validateStream: false }));
    const line = JSON.stringify({ level: 'info', log: 'mail', event: 'delivered', id: 'x' });
    expect(painted.ofProgram('relay', line, now)).toContain('\u001b[2mdelivered id=x\u001b[22m');
    expect(format.ofProgram('relay', line, now)).toBe('12:00:01 relay     info  delivered id=x');
  });
});
