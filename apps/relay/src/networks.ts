import { BlockList, isIP, isIPv6, type Socket } from 'node:net';

/** A set of networks. Addresses are compared without the `::ffff:` that a dual-stack listener puts before IPv4. */
export class Networks {
  readonly #list = new BlockList();

  /** @param networks as `parseNetwork` takes them */
  constructor(networks: readonly string[]) {
    for (const { address, bits, family } of networks.map(parseNetwork).filter((network) => network !== undefined))
      this.#list.addSubnet(address, bits, family);
  }

  has(address: string): boolean {
    return isIP(address) !== 0 && this.#list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  }
}

interface Network {
  readonly address: string;
  readonly bits: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** `10.0.0.0/8`, `fd00::/8`, or one address. */
export function parseNetwork(text: string): Network | undefined {
  const [, address = '', digits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address);
  const widest = version === 6 ? 128 : 32;
  const bits = digits === undefined ? widest : Number(digits);
  if (version === 0 || bits > widest) return undefined;
  return { address, bits, family: version === 6 ? 'ipv6' : 'ipv4' };
}

export const loopbackNetworks: readonly string[] = ['127.0.0.0/8', '::1/128'];

const loopback = new Networks(loopbackNetworks);

export const isLoopback = (address: string): boolean => loopback.has(address);

export function clientAddress({ remoteAddress = '' }: Socket): string {
  return remoteAddress.replace(/^::ffff:/i, '');
}

/** Whom limits are counted for: an IPv4 address, or the /64 of an IPv6 one, all of which one client has at its command. */
export function clientKey(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('::', 2);
  const front = head.split(':').filter(Boolean);
  const back = (tail ?? '').split(':').filter(Boolean);
  const missing = tail === undefined ? 0 : 8 - front.length - back.length;
  return [...front, ...Array<string>(Math.max(0, missing)).fill('0'), ...back].slice(0, 4).join(':');
}
