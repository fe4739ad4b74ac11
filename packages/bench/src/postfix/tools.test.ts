import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { findPostfixTools } from './tools.ts';

it('takes the tools that stand first on PATH', () => {
  const folder = mkdtempSync(join(tmpdir(), 'posthaste-tools-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [smtpSource, smtpSink] = ['smtp-source', 'smtp-sink'].map((name) => join(folder, name)) as [string, string];
  for (const file of [smtpSource, smtpSink]) {
    writeFileSync(file, '#!/bin/sh\n');
    chmodSync(file, 0o755);
  }
  expect(findPostfixTools(`/nowhere:${folder}`)).toEqual({ smtpSource, smtpSink });
});
