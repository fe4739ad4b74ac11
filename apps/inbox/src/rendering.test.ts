import { describe, expect, it } from 'vitest';
import { contentPolicy, renderHtml, wantsRemoteImages } from './rendering.ts';

const folder = 'http://127.0.0.1:8025/api/mails/1/inline/';

describe('the document', () => {
  it.each([
    '<link rel=preconnect href=//e.example>',
    '<LINK\trel=x>',
    '<meta http-equiv=refresh content="0;url=//e.example">',
    '<base href=//e.example>',
    '<link/rel=x>',
    '<iframe src=//e.example>',
    '<Frame>',
    '<object data=//e.example>',
    '<embed/>',
  ])('has no %s', (tag) => {
    expect(renderHtml(`<p>${tag}</p>`, folder)).toMatch(/^<base target="_blank"><p><inert-/);
  });

  it('keeps what only looks like it', () => {
    expect(renderHtml('<linked><metal>', folder)).toBe('<base target="_blank"><linked><metal>');
  });

  it('begins with the doctype when the mail has one', () => {
    expect(renderHtml('<!DOCTYPE html><p>', folder)).toBe('<!DOCTYPE html><base target="_blank"><p>');
  });

  it('takes its pictures from the mail', () => {
    expect(renderHtml('<img src="cid:a%25b@x"><p style="background:url(cid:c)">', folder)).toBe(
      `<base target="_blank"><img src="${folder}a%25b%40x"><p style="background:url(${folder}c)">`,
    );
  });

  it('is cut when it is endless', () => {
    expect(renderHtml('x'.repeat(10_000_000), folder).length).toBeLessThan(3_000_000);
  });
});

it('allows pictures from elsewhere only when it is told so', () => {
  expect(contentPolicy(folder, false)).toContain(`img-src data: ${folder};`);
  expect(contentPolicy(folder, true)).toContain(`img-src data: ${folder} http: https:;`);
  for (const policy of [contentPolicy(folder, false), contentPolicy(folder, true)]) {
    expect(policy).toMatch(/^default-src 'none'/);
    expect(policy).not.toMatch(/allow-scripts|allow-same-origin|allow-forms|allow-top|script-src/);
  }
});

it.each([
  ['<img src="https://e.example/p.gif">', true],
  ['<img src=//e.example/p.gif>', true],
  ['<td background = "http://e.example/b.png">', true],
  ['<p style="background:url( \'https://e.example/b.png\')">', true],
  ['<img src="cid:a"><a href="https://e.example">', false],
  [`<img src=${' '.repeat(1_000_000)}>`, false],
])('sees whether a mail wants pictures from elsewhere', (html, wanted) => {
  expect(wantsRemoteImages(html)).toBe(wanted);
});
