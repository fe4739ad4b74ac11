import { expect, test } from 'vitest';
import { createFakePosthaste } from './fake/index.ts';

const mail = { from: 'a@example.org', to: 'b@example.net', text: 'x' };

test('mail of a further lane is known by its name, listed by it and counted under it', async () => {
  const fake = createFakePosthaste({ furtherLanes: { 'wedding-day': 'high' } });
  const { client } = fake;
  const { id } = await client.submit({ ...mail, lane: 'wedding-day' });
  await client.submit({ ...mail, lane: 'low' });
  expect(await client.status(id)).toMatchObject({ lane: 'wedding-day' });
  const listed = await client.listPage({ lanes: ['wedding-day'] });
  expect(listed.messages.map((message) => message.id)).toEqual([id]);
  expect((await client.listPage({ lanes: ['normal'] })).messages).toEqual([]);
  expect((await client.stats()).lanes.map(({ lane }) => lane)).toEqual(['immediate', 'high', 'wedding-day', 'normal', 'low']);
  const refuses = (field: string, call: Promise<unknown>) =>
    expect(call).rejects.toMatchObject({ code: 'INVALID_FIELD', fields: [{ field, description: expect.stringContaining('high, wedding-day') }] });
  await refuses('lane_name', client.submit({ ...mail, lane: 'weding-day' }));
  await refuses('lane_names[0]', client.listPage({ lanes: ['weding-day'] }));
});
