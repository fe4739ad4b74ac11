import { formatAddress } from '@posthaste/config';
import { defaultEndpoint } from './command/option-sets.ts';
import type { Road } from './programs.ts';

/** What `up` prints when everything is ready: where it listens, and what to try. */
export function describeRoad(road: Road): string {
  const at = (name: keyof Road['doors']) => formatAddress(road.doors[name]);
  const api = `http://${at('api.listen')}`;
  const inbox = `http://${at('inbox.http')}`;
  const endpoint = api === defaultEndpoint ? '' : ` --endpoint ${api}`;
  const body = '{"from":"a@example.org","to":["b@example.net"],"subject":"hi","text":"hello"}';
  return [
    ``,
    `Posthaste is ready.`,
    `  SMTP                  ${at('relay.listen')}`,
    `  gRPC, Connect, REST   ${api}`,
    `  native gRPC           ${at('api.grpc')}`,
    `  NATS                  ${road.natsUrl}, ${road.values['storage.durability']}`,
    `  data                  ${road.dataDir}`,
    ...schedulersLine(road),
    ...sendersLine(road),
    ...(road.withInbox ? [`  inbox                 ${inbox}/`] : []),
    `  metrics               ${(['relay', 'api', 'scheduler', 'sender'] as const).map((name) => `${name} http://${at(`${name}.admin`)}/metrics`).join('\n                        ')}`,
    ``,
    `Try:`,
    `  swaks --server ${at('relay.listen')} --from a@example.org --to b@example.net --header "Subject: hello"`,
    `  curl -si ${api}/v1/messages -H 'content-type: application/json' -d '${body}'`,
    `  npx -y pnpm@12 posthaste send --from a@example.org --to b@example.net --subject hi --text hello --wait${endpoint}`,
    `  npx -y pnpm@12 posthaste status <id>${endpoint}`,
    ...(road.withInbox ? [`  curl -s ${inbox}/api/v2/messages`] : []),
    ``,
    `Ctrl-C stops everything in order; a second one at once.`,
    ``,
  ].join('\n');
}

/** Nothing is said of one for one. */
function schedulersLine({ values }: Road): string[] {
  const { partitions, 'up.schedulers': schedulers } = values;
  if (partitions === 1 && schedulers === 1) return [];
  return [`  schedulers            ${schedulers}, for ${partitions === 1 ? 'one partition' : `${partitions} partitions`}`];
}

/** Nothing is said of a single sender. */
function sendersLine({ values }: Road): string[] {
  const { least, most } = values['up.senders'];
  if (most === 1) return [];
  return [`  senders               ${least === most ? least : `${least} to ${most}, as they are needed`}`];
}
