import { expect, it } from 'vitest';
import { readTargets } from './upstream-target.ts';

const read = (url: string) => readTargets({ main: url })[0];

it('fills in what the URL does not say', () => {
  expect(read('smtp://mx.example')).toEqual({ name: 'main', host: 'mx.example', port: 25, tls: 'opportunistic', connections: 20, timeoutMs: 30_000 });
  expect(read('smtps://mx.example')).toMatchObject({ port: 465, tls: 'immediate' });
});

it('takes login, port, options and IPv6 addresses', () => {
  expect(read('smtp://us%40er:p%3Aw@[::1]:1025?connections=3&tls=none&timeout=500ms')).toEqual({
    name: 'main',
    host: '::1',
    port: 1025,
    tls: 'none',
    login: { user: 'us@er', password: 'p:w' },
    connections: 3,
    timeoutMs: 500,
  });
});

it('wants TLS for a password that leaves this machine, unless told otherwise', () => {
  expect(read('smtp://user:pw@mx.example')?.tls).toBe('required');
  expect(read('smtp://user:pw@127.0.0.1')?.tls).toBe('opportunistic');
  expect(read('smtp://user:pw@mx.example?tls=none')?.tls).toBe('none');
});

it('names every fault, and never the password', () => {
  const wrong = () => readTargets({ a: 'smtp://user:secret@mx.example?conections=3&timeout=5', b: 'smtp://mx.example?connections=0' });
  expect(wrong).toThrow(/a: unknown option conections[^]*a: timeout came as '5'[^]*b: connections came as '0'/);
  expect(wrong).not.toThrow(/secret/);
});
