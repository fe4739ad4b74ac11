export { compiledFolder } from './compiled.ts';
export { openDialog, testCertificate, type Mail, type Path, type Rule, type Script, type SmtpDialog } from '@posthaste/sink';
export { asciiMail, dottedMail, eightBitMail, largeMail, seededRandom, utf8HeaderMail } from './bodies.ts';
export { eventually, type EventuallyOptions } from './eventually.ts';
export { startFakeUpstream, type FakeUpstream, type FakeUpstreamOptions } from './fake-upstream.ts';
export { freePort } from './free-port.ts';
export { ManualClock } from './manual-clock.ts';
export { otherTestCertificate } from './other-test-certificate.ts';
export { choosePorts, listeningOn, type ProgramPorts } from './program-ports.ts';
