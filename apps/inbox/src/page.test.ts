import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { eventually } from '@posthaste/testkit';
import { chromium, type Browser, type FrameLocator, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startInbox, type InboxRig } from './rig.ts';

/** Debian's package of the headless browser alone comes first: the tests take half the time with it. */
const installed = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'].map((name) => `/usr/bin/${name}`);
const places = [process.env['CHROMIUM_PATH'] ?? '', ...installed];
const executablePath = places.find((path) => path !== '' && existsSync(path));

describe.skipIf(executablePath === undefined)('the page (in Chromium: skipped where it is not installed and CHROMIUM_PATH does not name it)', () => {
  let browser: Browser;
  let inbox: InboxRig;
  let page: Page;
  /** Whom a hostile mail would call. */
  let stranger: Server;
  let calls: string[];
  let elsewhere: string;

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: executablePath ?? '', args: ['--no-sandbox'] });
    stranger = createServer((request, response) => {
      calls.push(request.url ?? '');
      response.writeHead(200, { 'content-type': 'image/gif' }).end();
    }).listen(0, '127.0.0.1');
    // preconnect and dns-prefetch call without asking for anything.
    stranger.on('connection', () => calls.push('connection'));
    await once(stranger, 'listening');
    elsewhere = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`;
  });

  afterAll(async () => {
    stranger.close();
    await browser.close();
  });

  beforeEach(async () => {
    calls = [];
    inbox = await startInbox();
    page = await browser.newPage();
    await page.goto(inbox.origin);
  });

  afterEach(async () => {
    await page.close();
    await inbox.close();
  });

  const rows = () => page.locator('#mails a');
  const row = (subject: string) => rows().filter({ hasText: subject });
  const mail = (): FrameLocator => page.frameLocator('.rendered iframe');
  const tab = (name: string | RegExp) => page.getByRole('tab', { name });

  async function subjects(): Promise<string[]> {
    return page.locator('#mails .subject').allTextContents();
  }

  async function deliverHtml(subject: string, html: string): Promise<void> {
    await inbox.deliver(`Subject: ${subject}\nContent-Type: text/html; charset=utf-8\n\n${html}`);
  }

  it('says how to send a mail when there is none', async () => {
    await page.getByText('No mail yet').waitFor();
    expect(await page.locator('#view pre').first().textContent()).toContain(`swaks --server 127.0.0.1:${inbox.smtp.port} `);
  });

  it('lists the mails, newest first, as they come', async () => {
    await inbox.deliver('From: =?utf-8?q?J=C3=BCrgen?= <j@x.example>\nSubject: one\n\nhello', ['b@example.net', 'c@example.net', 'd@example.net']);
    await row('one').waitFor();
    expect(await row('one').innerText()).toMatch(/Jürgen[^]*one[^]*to b@example.net and 2 more[^]*68 B/);
    await inbox.deliver('Subject: two\n\nhello');
    await row('two').waitFor();
    expect(await subjects()).toEqual(['two', 'one']);
    expect(await page.title()).toBe('Inbox (2)');
  });

  it('shows a mail in its tabs, by keys too', async () => {
    const inner = '--a\nContent-Type: text/plain\n\nplain https://x.example/y.\n--a\nContent-Type: text/html\n\n<b>rich</b>\n--a--';
    const file = '--m\nContent-Type: text/x-note; name=note.txt\nContent-Disposition: attachment\n\nnoted\n--m--';
    await inbox.deliver(
      `Subject: all\nX-Kind: every\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=m\n\n--m\nContent-Type: multipart/alternative; boundary=a\n\n${inner}\n${file}`,
    );
    await row('all').waitFor();
    await page.keyboard.press('j');
    expect(await mail().locator('b').textContent()).toBe('rich');
    await page.keyboard.press('2');
    expect(await page.locator('pre.text a').getAttribute('href')).toBe('https://x.example/y');
    await page.keyboard.press('3');
    expect(await page.locator('.headers').innerText()).toMatch(/client.example[^]*<a@example.org>[^]*X-Kind\s+every/);
    await page.keyboard.press('4');
    await page.getByText('boundary=m').waitFor();
    await tab('1 attachment').click();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByText('note.txt').click()]);
    expect(download.suggestedFilename()).toBe('note.txt');
  });

  it('shows the pictures of the mail', async () => {
    const gif = 'R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7';
    const picture = `--r\nContent-Type: image/gif\nContent-ID: <dot@x>\nContent-Transfer-Encoding: base64\n\n${gif}\n--r--`;
    await inbox.deliver(
      `Subject: pictures\nMIME-Version: 1.0\nContent-Type: multipart/related; boundary=r\n\n--r\nContent-Type: text/html\n\n<img id=dot src="cid:dot@x">\n${picture}`,
    );
    await row('pictures').click();
    await eventually(
      async () =>
        (await mail()
          .locator('#dot')
          .evaluate((image) => (image as { naturalWidth?: number }).naturalWidth)) === 1,
    );
  });

  it('lets a hostile mail run nothing and call nobody', async () => {
    const hostile = `<html><head>
      <link rel=preconnect href=${elsewhere}><link rel=dns-prefetch href=${elsewhere}><link rel=stylesheet href=${elsewhere}/link.css><link rel=prefetch href=${elsewhere}/prefetch>
      <meta http-equiv=refresh content="0;url=${elsewhere}/refresh"><base href=${elsewhere}/>
      <style>@import url(${elsewhere}/import.css); body { background: url(${elsewhere}/body.gif) } @font-face { font-family: f; src: url(${elsewhere}/f.woff) } * { font-family: f }</style>
      <script>document.title = 'run'; fetch('${elsewhere}/fetch'); parent.postMessage('run', '*'); top.location = '${elsewhere}/top'</script></head>
      <body onload="new Image().src='${elsewhere}/onload'"><img src=x onerror="location='${elsewhere}/onerror'"><img id=relative src=relative.gif>
      <img src=${elsewhere}/pixel.gif><img srcset="${elsewhere}/srcset.gif 2x"><video poster=${elsewhere}/poster src=${elsewhere}/video autoplay></video>
      <iframe src=${elsewhere}/frame></iframe><iframe srcdoc="<script>parent.x=1</script>"></iframe><object data=${elsewhere}/object></object><embed src=${elsewhere}/embed>
      <svg><image href=${elsewhere}/svg.gif /><script>document.title='svg'</script></svg><input autofocus onfocus="document.title='focus'">
      <form id=form action=${elsewhere}/form method=post><button id=submit>x</button></form><a id=self target=_self href=${elsewhere}/self>s</a><a id=top target=_top href=${elsewhere}/top>t</a>
      <a id=script href="javascript:document.title='js'">j</a><p id=end>the end</p></body></html>`;
    const heard: string[] = [];
    await page.exposeFunction('hear', (text: string) => heard.push(text));
    await page.evaluate("addEventListener('message', (event) => hear(String(event.data)))");
    await deliverHtml('hostile', hostile);
    await row('hostile').click();
    await mail().getByText('the end').waitFor();
    await deliverHtml('after', 'x');
    await row('after').waitFor();
    expect(calls).toEqual([]);
    for (const id of ['submit', 'script', 'top', 'self']) await mail().locator(`#${id}`).click();
    await deliverHtml('clicked', 'x');
    await row('clicked').waitFor();
    // At the click of a person the browser connects before it looks whether it may go there. It asks for nothing.
    expect(calls.filter((call) => call !== 'connection')).toEqual([]);
    expect(heard).toEqual([]);
    expect(await page.title()).toBe('Inbox (3)');
    expect(new URL(page.url()).origin).toBe(inbox.origin);
  });

  it('cannot be reached from a mail, nor run one that is opened by itself', async () => {
    await deliverHtml('alone', `<script>document.title = 'run'</script><p id=here>here</p><img src=${elsewhere}/pixel.gif>`);
    await row('alone').click();
    const frame = page.locator('.rendered iframe');
    expect(await frame.getAttribute('sandbox')).toBe('allow-popups allow-popups-to-escape-sandbox');
    await page.goto(`${inbox.origin}${await frame.getAttribute('src')}`);
    await page.locator('#here').waitFor();
    expect([await page.title(), calls]).toEqual(['', []]);
  });

  it('loads pictures from elsewhere when it is told to', async () => {
    await deliverHtml('tracked', `<img src=${elsewhere}/pixel.gif><p>seen</p>`);
    await row('tracked').click();
    await mail().getByText('seen').waitFor();
    expect(calls).toEqual([]);
    await page.getByRole('button', { name: 'Load them' }).click();
    await eventually(() => calls.includes('/pixel.gif'));
  });

  it('writes what a mail says as text, never as markup', async () => {
    const markup = "<img src=x onerror=document.title='run'>";
    await inbox.deliver(`From: "${markup}" <a@x.example>\nSubject: ${markup}\nX-A: ${markup}\n\n${markup}`, [`"<b>"@x.example`]);
    await rows().first().click();
    await tab('Source').waitFor();
    for (const key of ['2', '3', '4']) await page.keyboard.press(key);
    await page.getByText('X-A:').waitFor();
    expect(await subjects()).toEqual([markup]);
    expect(await page.locator('main img').count()).toBe(0);
  });

  it('still shows envelope and source of a mail that cannot be taken apart', async () => {
    await inbox.deliver(Array.from({ length: 60 }, (_, level) => `Content-Type: multipart/mixed; boundary=b${level}\n\n--b${level}\n`).join(''));
    await rows().first().click();
    await page.getByText('Only envelope and source can be shown').waitFor();
    await tab('Source').click();
    await page.getByText('boundary=b59').waitFor();
  });

  it('finds mails while one types', async () => {
    for (const subject of ['apple', 'banana', 'cherry']) await inbox.deliver(`Subject: ${subject}\n\nfruit ${subject.length}`);
    await row('cherry').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('banana');
    await eventually(async () => (await subjects()).join() === 'banana');
    await page.fill('#search', 'fruit 6');
    await eventually(async () => (await subjects()).join() === 'cherry,banana');
    await page.fill('#search', 'nobody');
    await page.getByText('Nothing found.').waitFor();
    await page.keyboard.press('Escape');
    await eventually(async () => (await subjects()).length === 3);
  });

  it('deletes one mail and opens its neighbour, then all', async () => {
    for (const subject of ['one', 'two', 'three']) await inbox.deliver(`Subject: ${subject}\n\nhello`);
    await row('two').click();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('heading', { name: 'one' }).waitFor();
    await eventually(async () => (await subjects()).join() === 'three,one');
    await page.getByRole('button', { name: 'Delete all' }).click();
    await page.getByRole('button', { name: 'Keep them' }).click();
    expect(await subjects()).toEqual(['three', 'one']);
    await page.getByRole('button', { name: 'Delete all' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('No mail yet').waitFor();
    expect(await inbox.json('/api/v1/messages')).toEqual([]);
  });

  it('makes SMTP misbehave, and behave again', async () => {
    await page.keyboard.press('c');
    await page.getByRole('button', { name: 'Spam filter' }).click();
    expect(await inbox.deliver('Subject: one\n\nhello')).toMatch(/^250/);
    await page.getByRole('button', { name: 'Apply' }).click();
    await page.getByText('In force.').waitFor();
    await page.getByText('Chaos: 1 rule').waitFor();
    expect(await inbox.deliver('Subject: two\n\nhello')).toBe('554 5.7.1 Message looks like spam');
    await page.getByRole('button', { name: 'Behave again' }).click();
    await page.getByText('Chaos off').waitFor();
    expect(await inbox.deliver('Subject: three\n\nhello')).toMatch(/^250/);
  });

  it('shows the line of each fault in a script, and keeps the one before', async () => {
    await page.goto(`${inbox.origin}/#/chaos`);
    await page.fill('#script', 'rules:\n  - at: mail\n  - at: nowhere\n');
    await page.getByRole('button', { name: 'Apply' }).click();
    await page.getByRole('button', { name: 'Line 3' }).click();
    expect(await page.locator('.verdict').innerText()).toContain('rules[1].at is "nowhere": expected one of greeting');
    expect(await page.evaluate('getSelection().toString()')).toBe('  - at: nowhere');
    expect(await inbox.json('/api/chaos')).toEqual({});
  });

  it('leaves alone what is written before the script in force has come', async () => {
    const answer = Promise.withResolvers<void>();
    await page.route('**/api/chaos', async (route) => {
      await answer.promise;
      await route.continue();
    });
    await page.goto(`${inbox.origin}/#/chaos`);
    await page.fill('#script', 'rules: []');
    const come = page.waitForResponse('**/api/chaos');
    answer.resolve();
    await (await come).finished();
    await page.keyboard.type('!');
    expect(await page.inputValue('#script')).toBe('rules: []!');
  });

  it('offers no preset that the inbox would refuse', async () => {
    await page.goto(`${inbox.origin}/#/chaos`);
    for (const preset of await page.locator('.presets button').all()) {
      await preset.click();
      await page.getByRole('button', { name: 'Apply' }).click();
      await page.getByText('In force.').waitFor();
    }
  });

  it('says when the inbox has gone', async () => {
    await page.getByText('No mail yet').waitFor();
    await inbox.close();
    await page.getByText('The inbox does not answer').waitFor();
  });

  it('asks nobody but the inbox', async () => {
    const asked = new Set<string>();
    page.on('request', (request) => asked.add(new URL(request.url()).origin));
    await page.reload();
    await page.getByText('No mail yet').waitFor();
    expect([...asked]).toEqual([inbox.origin]);
  });
});
