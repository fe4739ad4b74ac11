import { expect, it } from 'vitest';
import { startInbox } from './rig.ts';

function mailWith(headers: string): string {
  return `Subject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n${headers}\nContent-Transfer-Encoding: base64\n\nAAEC\n--b--`;
}

async function download(headers: string): Promise<{ readonly headers: Headers; readonly bytes: readonly number[] }> {
  await using inbox = await startInbox();
  await inbox.deliver(mailWith(headers));
  const { mails } = (await inbox.json('/api/mails')) as { mails: { id: string }[] };
  const response = await inbox.request(`/api/mails/${mails[0]?.id}/attachments/0`);
  return { headers: response.headers, bytes: [...new Uint8Array(await response.arrayBuffer())] };
}

it.each([
  ['plan.pdf', `filename="plan.pdf"; filename*=UTF-8''plan.pdf`],
  ['../../etc/passwd', `filename="__.._etc_passwd"; filename*=UTF-8''__.._etc_passwd`],
  ['gr=C3=BC=C3=9Fe.txt', `filename="gr__e.txt"; filename*=UTF-8''gr%C3%BC%C3%9Fe.txt`],
  ['cod=E2=80=AEfdp.exe', `filename="cod_fdp.exe"; filename*=UTF-8''cod_fdp.exe`],
  ['a"; x="y', `filename="a__ x=_y"; filename*=UTF-8''a_%3B%20x%3D_y`],
])('names the file %s safely', async (name, disposition) => {
  const encoded = /=[0-9A-F]{2}|"/.test(name) ? `"=?utf-8?q?${name.replaceAll('"', '=22').replaceAll(' ', '_')}?="` : `"${name}"`;
  const response = await download(`Content-Type: application/pdf\nContent-Disposition: attachment; filename=${encoded}`);
  expect(response.headers.get('content-disposition')).toBe(`attachment; ${disposition}`);
  expect(response.bytes).toEqual([0, 1, 2]);
});

it.each(['text/html', 'image/svg+xml', 'x/y; charset=z'])('sends %s to be saved, never to be shown', async (type) => {
  const response = await download(`Content-Type: ${type}\nContent-Disposition: attachment; filename=a.html`);
  expect(response.headers.get('content-disposition')).toMatch(/^attachment;/);
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  expect(response.headers.get('content-security-policy')).toContain('sandbox');
});
