/** Scripts to begin with: each is one way in which real upstreams misbehave. */
export const presets = [
  {
    name: 'Greylisting',
    says: 'The next two recipients are deferred, then all is well.',
    script: { rules: [{ at: 'rcpt', times: 2, reply: '451 4.7.1 Greylisted, try again later' }] },
  },
  {
    name: 'Closing down',
    says: 'Every connection is turned away with 421.',
    script: { rules: [{ at: 'greeting', reply: '421 4.3.2 Service not available, closing' }] },
  },
  { name: 'Slow', says: 'Five seconds pass before the final reply.', script: { rules: [{ at: 'final', delayMs: 5000 }] } },
  {
    name: 'Lost reply',
    says: 'The next mail is taken, but its final reply never comes.',
    script: { rules: [{ at: 'final', times: 1, drop: true }] },
  },
  {
    name: 'Unknown user',
    says: 'nobody@… is refused for good, everyone else is taken.',
    script: { rules: [{ at: 'rcpt', recipient: 'nobody@*', reply: '550 5.1.1 No such user' }] },
  },
  { name: 'Full mailbox', says: 'full@… is over quota.', script: { rules: [{ at: 'rcpt', recipient: 'full@*', reply: '452 4.2.2 Mailbox full' }] } },
  {
    name: 'Spam filter',
    says: 'Every mail is refused after its last dot.',
    script: { rules: [{ at: 'final', reply: '554 5.7.1 Message looks like spam' }] },
  },
  { name: 'Cut in the middle', says: 'The connection breaks while the body comes.', script: { rules: [{ at: 'body', times: 3, drop: true }] } },
  { name: 'Old server', says: 'No extensions, and 100 KiB at most.', script: { keywords: [], maxBytes: 102400 } },
];
