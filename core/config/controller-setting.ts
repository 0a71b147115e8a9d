import { Type } from 'typebox';
import type { Millis } from '../base/time.ts';
import { lengthOf } from './formats.ts';
import { checkedText, duration, optionalSetting, section, setting, type ValuesOf } from './setting.ts';

const LIVE = { applies: 'live' } as const;
const HARMLESS = { applies: 'live', harmless: true } as const;

/** How much of what is observed a controller is sent. */
export const EVENTS_SENT = ['none', 'findings', 'all'] as const;

/** Section `controller`. Who the controller is comes from the enrolment and stands in no config. */
export const controller = section(
  'The link to a controller',
  {
    enabled: setting(
      Type.Boolean({
        description:
          'Report to the controller that this appliance was enrolled with (bartizan enroll), and obey its signed orders.',
        default: false,
      }),
      LIVE,
    ),
    brokers: setting(
      Type.Array(
        checkedText('broker_url', {
          description: 'A broker: mqtts://HOST:PORT, or wss://HOST:PORT/PATH for MQTT over WebSocket.',
          maxLength: 2048,
        }),
        {
          description:
            'MQTT 5 brokers in the order in which they are tried, over TLS alone. Empty: those that the enrolment named.',
          default: [],
          maxItems: 16,
          examples: [['mqtts://mqtt.example.net:8883', 'wss://mqtt.example.net/mqtt']],
        },
      ),
      LIVE,
    ),
    proxy: optionalSetting(
      checkedText('proxy_url', {
        description:
          'An HTTP proxy that brokers and the enrolment are reached through by CONNECT. TLS goes through it unopened.',
        maxLength: 2048,
        examples: ['http://proxy.example.net:3128'],
      }),
      LIVE,
    ),
    keepalive: setting(
      duration({
        description:
          'How long nothing may come over the link before it is asked whether it still stands. Longer on links that are paid by volume.',
        default: '60s',
        shortest: '5s',
        longest: '18h',
      }),
      LIVE,
    ),
    max_bytes_per_second: setting(
      Type.Integer({
        description:
          'The most that is sent in a second, in bytes; 0: no bound. Presence, results and confirmations go first, then audit, findings, incidents and events.',
        default: 0,
        minimum: 0,
        maximum: 1_000_000_000,
      }),
      LIVE,
    ),
    outbox: setting(
      Type.Object(
        {
          max_bytes: Type.Integer({
            description:
              'Room for what waits to be sent, in bytes. Beyond it events are given up first, then incidents, then findings, the oldest of each; the audit log only by its age.',
            default: 67_108_864,
            minimum: 1_048_576,
            maximum: 17_179_869_184,
          }),
          max_age: duration({
            description: 'What has waited for longer is given up.',
            default: '7d',
            shortest: '1m',
            longest: '365d',
          }),
        },
        {
          description: 'Bounds of what waits while there is no link. What is given up is named by a gap.',
          default: { max_bytes: 67_108_864, max_age: '7d' },
        },
      ),
      HARMLESS,
    ),
    events: setting(
      Type.Enum([...EVENTS_SENT], {
        description:
          'Which log events are sent beside findings: none, those of addresses and users that findings are about, or all.',
        default: 'none',
      }),
      HARMLESS,
    ),
  },
  { group: 'Integrations', canCut: true },
);

export type ControllerSettings = ValuesOf<{ readonly controller: typeof controller }>['controller'];

/** As the link goes by it. */
export interface LinkSettings {
  readonly isEnabled: boolean;
  readonly brokers: readonly string[];
  readonly proxy?: string;
  readonly keepalive: Millis;
  /** 0: no bound. */
  readonly bytesPerSecond: number;
  readonly outbox: { readonly maxBytes: number; readonly maxAge: Millis };
  readonly events: (typeof EVENTS_SENT)[number];
}

export const linkSettingsOf = (values: ControllerSettings): LinkSettings => ({
  isEnabled: values.enabled,
  brokers: values.brokers,
  ...(values.proxy === undefined ? {} : { proxy: values.proxy }),
  keepalive: lengthOf(values.keepalive),
  bytesPerSecond: values.max_bytes_per_second,
  outbox: { maxBytes: values.outbox.max_bytes, maxAge: lengthOf(values.outbox.max_age) },
  events: values.events,
});
