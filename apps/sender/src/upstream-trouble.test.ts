import { expect, it } from 'vitest';
import { targetOf } from './rig.ts';
import { describeTrouble, type OpeningError } from './upstream-trouble.ts';

const said = (response: string): OpeningError => Object.assign(new Error('refused'), { response });

it('hides every form of a secret in what the upstream said, and takes no empty one for a secret', () => {
  const target = targetOf('smtp://127.0.0.1');
  expect(describeTrouble(said('550 5.7.1 no hunter2 aHVudGVyMg=='), target, ['aHVudGVyMg==', 'hunter2', ''])).toEqual({
    code: 550,
    enhanced: '5.7.1',
    text: 'no *** ***',
  });
});
