import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { SecureVersion } from 'node:tls';
import type { Address } from '@posthaste/config';
import type { Door } from '@posthaste/submission';
import type { Clock, Log, MailLog } from '@posthaste/telemetry';
import type { SMTPServerOptions } from 'smtp-server';
import { Authority } from './authority.ts';
import type { Certificate } from './certificate.ts';
import { Crowd } from './crowd.ts';
import { Listener } from './listener.ts';
import type { LiveFile } from './live-file.ts';
import type { Logins } from './logins.ts';
import { wishExtensions } from './mail-wishes.ts';
import { Networks } from './networks.ts';
import type { Policy } from './policy.ts';
import { Reception } from './reception.ts';
import { refusal } from './reply.ts';
import { dismiss, Watchdog } from './watchdog.ts';

export interface RelayOptions {
  readonly door: Door;
  readonly clock: Clock;
  readonly log: Log;
  readonly mailLog: MailLog;
  readonly hostname: string;
  readonly policy: Policy;
  /** With it STARTTLS is on offer, and `listenTls` possible. */
  readonly certificate?: LiveFile<Certificate>;
  readonly tlsMinVersion?: SecureVersion;
  /** Present when there are users. */
  readonly logins?: Logins;
  /** How often overdue clients are looked for. Default 1,000. */
  readonly watchIntervalMs?: number;
}

/** The SMTP front door. Builds without listening. */
export class Relay {
  readonly #options: RelayOptions;
  readonly #crowd: Crowd;
  readonly #watchdog: Watchdog;
  readonly #reception: Reception;
  readonly #listeners: Listener[] = [];

  constructor(options: RelayOptions) {
    const { clock, policy, certificate, watchIntervalMs = 1000 } = options;
    const startTls = certificate !== undefined;
    this.#options = options;
    this.#crowd = new Crowd({ ...policy, clock, trusted: new Networks(policy.trustedNetworks) });
    this.#watchdog = new Watchdog({ ...policy, clock, intervalMs: watchIntervalMs });
    const authority = new Authority({ ...options, lanes: options.door.lanes, startTls });
    this.#reception = new Reception({ ...options, authority, watchdog: this.#watchdog, startTls });
    certificate?.onChange(({ cert, key }) => this.#listeners.forEach((listener) => listener.updateSecureContext({ cert, key })));
  }

  get listening(): boolean {
    return this.#listeners.length > 0 && this.#listeners.every(({ server }) => server.listening);
  }

  /** Resolves with the address that is listened on; port 0 means any free one. */
  listen(address: Address): Promise<Address> {
    return this.#open(address, false);
  }

  /** TLS from the first byte (RFC 8314). */
  listenTls(address: Address): Promise<Address> {
    return this.#open(address, true);
  }

  async #open({ host, port }: Address, implicitTls: boolean): Promise<Address> {
    const listener = new Listener({ smtp: this.#smtpOptions(implicitTls), crowd: this.#crowd, editor: this.#reception });
    this.#listeners.push(listener);
    listener.listen(port, host);
    await once(listener.server, 'listening');
    listener.on('error', (error: Error) => this.#options.log.debug('a connection broke', { error }));
    void this.#watchdog.watch(listener);
    const bound = listener.server.address() as AddressInfo;
    return { host: bound.address, port: bound.port };
  }

  /** Takes no new connections, tells idle clients to go, lets transactions finish for so long, and ends. */
  async drain(graceMs: number): Promise<void> {
    const { clock } = this.#options;
    this.#reception.close();
    const closed = Promise.all(this.#listeners.map(({ server }) => new Promise((resolve) => server.close(resolve))));
    const end = clock.monotonic() + graceMs;
    while (this.#connections().length > 0 && clock.monotonic() < end) {
      for (const connection of this.#connections()) if (!connection.session.envelope?.mailFrom) dismiss(connection, goodbye());
      await clock.sleep(10);
    }
    for (const connection of this.#connections()) dismiss(connection, goodbye());
    this.#watchdog.close();
    await Promise.race([closed, clock.sleep(lingerMs)]);
    for (const listener of this.#listeners) listener.endHandshakesOver(-1);
    this.#crowd.disperse();
    await closed;
  }

  #connections() {
    return this.#listeners.flatMap(({ connections }) => [...connections]);
  }

  #smtpOptions(implicitTls: boolean): SMTPServerOptions {
    const { hostname, clock, policy, door, certificate, tlsMinVersion = 'TLSv1.2' } = this.#options;
    return {
      ...this.#reception.handlers(),
      ...(certificate && { cert: certificate.current.cert, key: certificate.current.key }),
      minVersion: tlsMinVersion,
      secure: implicitTls,
      name: hostname,
      banner: 'Posthaste',
      heloResponse: '%s greets you',
      greetingDelay: 0,
      extensions: () => wishExtensions(clock.now()),
      size: door.limits.maxBytes,
      // The watchdog ends the idle; this bounds the TLS handshake, and a client that does not close its half.
      socketTimeout: policy.idleTimeoutMs,
      maxCommandLength: policy.maxLineBytes,
      authMethods: ['PLAIN', 'LOGIN'],
      // Which session may log in, and which must, is decided for each (Authority).
      authOptional: true,
      allowInsecureAuth: true,
      disableReverseLookup: true,
      hideENHANCEDSTATUSCODES: false,
      hideDSN: false,
      logger: false,
    };
  }
}

const goodbye = () => refusal('SHUTTING_DOWN', 'shutting down, come again');

/** How long last replies may take to reach their clients, milliseconds. */
const lingerMs = 500;
