import { expect, it } from 'vitest';
import { findDebianMirrors } from './apt-sources.ts';

it('finds the archive in deb822 sources and passes over security and other vendors', () => {
  const text = `# comment
Types: deb deb-src
# another
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Types: deb
URIs: https://vendor.example/linux/debian
Suites: bookworm
Components: stable
`;
  expect(findDebianMirrors([{ path: 'debian.sources', text }])).toEqual([
    { uri: 'http://mirror.example/debian', signedBy: '/usr/share/keyrings/debian-archive-keyring.gpg' },
  ]);
});

it('keeps a key that stands in the entry itself, and a list of mirrors', () => {
  const text = `Types: deb
URIs: mirror+file:/etc/apt/mirrors/debian.list
Suites: trixie
Components: main contrib
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQIN
 -----END PGP PUBLIC KEY BLOCK-----
`;
  const [mirror] = findDebianMirrors([{ path: 'x.sources', text }]);
  expect(mirror?.uri).toBe('mirror+file:/etc/apt/mirrors/debian.list');
  expect(mirror?.signedBy?.split('\n')).toHaveLength(4);
});

it('passes over entries that are switched off or hold sources only', () => {
  const text =
    'Types: deb\nEnabled: no\nURIs: http://a.example/debian\nSuites: sid\nComponents: main\n\nTypes: deb-src\nURIs: http://b.example/debian\nSuites: sid\nComponents: main\n';
  expect(findDebianMirrors([{ path: 'x.sources', text }])).toEqual([]);
});

it('reads one-line entries, each mirror once', () => {
  const text = `# deb http://old.example/debian sid main
deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian/ bookworm main non-free # ours
deb http://mirror.example/debian/ bookworm-updates main
deb http://mirror.example/debian-security bookworm-security main
deb http://archive.example/ubuntu noble main
deb-src http://source.example/debian bookworm main
`;
  expect(findDebianMirrors([{ path: 'sources.list', text }])).toEqual([{ uri: 'http://mirror.example/debian/', signedBy: '/k.gpg' }]);
});
