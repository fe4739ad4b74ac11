import { createFakePosthaste } from '../fake/index.ts';
import { clientContract, furtherLanes } from './suite.ts';

clientContract('the fake', () => {
  const fake = createFakePosthaste({ furtherLanes });
  fake.answer('later@example.net', { kind: 'defer', code: 451 });
  const never = { kind: 'fail', code: 550 } as const;
  fake.answer('never@example.net', never, never, never);
  fake.answer('slow@example.net', { kind: 'wait' });
  return Promise.resolve({ client: fake.client, stop: () => Promise.resolve() });
});
