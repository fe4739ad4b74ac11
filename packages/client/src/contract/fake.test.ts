import { createFakePosthaste } from '../fake/index.ts';
import { clientContract } from './suite.ts';

clientContract('the fake', () => {
  const fake = createFakePosthaste();
  fake.answer('later@example.net', { kind: 'defer', code: 451 });
  fake.answer('never@example.net', { kind: 'fail', code: 550 });
  fake.answer('slow@example.net', { kind: 'wait' });
  return Promise.resolve({ client: fake.client, stop: () => Promise.resolve() });
});
