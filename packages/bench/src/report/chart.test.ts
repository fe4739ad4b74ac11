import { expect, it } from 'vitest';
import { chartOf } from './chart.ts';

it('draws a line for each series, scaled to the next round figure', () => {
  const svg = chartOf('wedding, durable', [
    {
      title: 'mails a second',
      at: [1, 2],
      lines: [
        { name: 'accepted', values: [0, 150] },
        { name: 'a < b', values: [75, 75] },
      ],
    },
  ]);
  expect(svg.match(/<polyline/g)).toHaveLength(2);
  expect(svg).toContain('>200</text>');
  expect(svg).toContain('a &lt; b');
  expect(svg).not.toContain('NaN');
});

it('leaves out what was not measured', () => {
  const svg = chartOf('empty', [{ title: 'reply, ms', at: [1, 2], lines: [{ name: 'p99', values: [Number.NaN, 4] }] }]);
  expect(svg).not.toContain('NaN');
});
