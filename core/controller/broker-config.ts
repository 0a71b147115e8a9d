import { TOPIC_ROWS } from '../link/topic-table.ts';
import { filterOf, ROOT } from '../link/topics.ts';
import type { ControllerSettings } from './settings.ts';

/** Where mosquitto finds what it needs; absolute paths. */
export interface BrokerFiles {
  readonly authorities: string;
  readonly cert: string;
  readonly key: string;
  readonly revocations: string;
  readonly acl: string;
}

export interface BrokerPorts {
  readonly tls: number;
  readonly websocket?: number;
}

/**
 * mosquitto's configuration: mutual TLS only, the certificate's common name is the user. It is the client's identifier, too: else
 * one appliance could take the session of another over, and with it what waits there. What waits for a controller or an appliance
 * that is away is bounded in bytes, not in messages.
 */
export function mosquittoConfig(files: BrokerFiles, { tls, websocket }: BrokerPorts): string {
  const listener = (port: number, protocol: 'mqtt' | 'websockets'): string => `listener ${port}
protocol ${protocol}
cafile ${files.authorities}
certfile ${files.cert}
keyfile ${files.key}
crlfile ${files.revocations}
require_certificate true
use_identity_as_username true
use_username_as_clientid true
tls_version tlsv1.2
`;
  return `# Made by \`bartizan controller broker-config\`.
per_listener_settings false
allow_anonymous false
acl_file ${files.acl}

# The largest message: an order of 1 MiB, or a part of a list.
max_packet_size 2162688
max_inflight_messages 32
max_queued_messages 0
max_queued_bytes 67108864
max_keepalive 1200
persistent_client_expiration 14d

persistence true
autosave_interval 60

${[listener(tls, 'mqtt'), ...(websocket === undefined ? [] : [listener(websocket, 'websockets')])].join('\n')}`;
}

/**
 * Who may write and read what: an appliance its own topics, named by its serial, which the broker has from its certificate;
 * a controller all of the fleet.
 */
export function accessRules({ tenant }: Pick<ControllerSettings, 'tenant'>, controllers: readonly string[]): string {
  const fleet = `${ROOT}/${tenant}`;
  const own = { tenant, shard: '+', serial: '%u' };
  const lines = [
    '# Made by `bartizan controller broker-config`.',
    ...TOPIC_ROWS.filter(({ from }) => from === 'appliance').map((row) => `pattern write ${filterOf(row, own)}`),
    ...TOPIC_ROWS.filter(({ to }) => to.includes('appliance')).map((row) => `pattern read ${filterOf(row, own)}`),
    ...controllers.flatMap((name) => ['', `user controller:${name}`, `topic readwrite ${fleet}/#`]),
  ];
  return `${lines.join('\n')}\n`;
}
