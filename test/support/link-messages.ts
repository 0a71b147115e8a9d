import { contentId } from '../../core/base/ids.ts';
import { millis } from '../../core/base/time.ts';
import type { EnrolmentReply, EnrolmentRequest } from '../../core/link/enrolment.ts';
import type { Hex } from '../../core/link/hex.ts';
import type { OrderResult } from '../../core/link/order.ts';
import type { Presence, Reported, RunId } from '../../core/link/reported.ts';
import type { StreamBatch, StreamItem } from '../../core/link/stream.ts';
import { idAt, NOW, SERIAL, setOf, TENANT, testKey } from './link-orders.ts';

const hex = (bytes: number, of = 'ab'): Hex => of.repeat(bytes) as Hex;

export const PRESENCE: Presence = {
  online: true,
  since: NOW,
  bootId: 'boot',
  connection: 3,
  version: '0.1.0',
  reason: '',
  run: hex(16) as RunId,
};

export const REPORTED: Reported = {
  at: NOW,
  run: hex(16) as RunId,
  connection: 3,
  facts: {
    hostname: 'edge',
    version: '0.1.0',
    imageVersion: '',
    architecture: 'x64',
    kernel: '6.12',
    startedAt: NOW,
    bootId: 'boot',
    configSha256: hex(32),
    addresses: ['192.0.2.1', '2001:db8::1'],
    claimed: true,
  },
  components: [{ name: 'firewall', state: 'ok', message: '', since: NOW }],
  firewall: { mode: 'enforce', reason: '', blocks: 7, networks: 1, enforced: 0.5 },
  change: {
    id: idAt(NOW, 1),
    summary: 'firewall.mode',
    state: 'awaiting',
    until: NOW,
    nonce: hex(16),
    order: undefined,
  },
  desired: {
    generation: 2,
    order: hex(32),
    standing: 'on_trial',
    text: '',
    confirmedGeneration: 1,
    confirmedOrder: hex(32, 'cd'),
    changedHere: ['infra_ips'],
  },
  slots: [{ name: 'A', version: '1', state: 'good', running: true }],
  lists: [{ name: 'bad', generation: 1, entries: 10, trouble: '' }],
  keysGeneration: 1,
  streams: [{ stream: 'audit', epoch: 'a', newest: 9, sent: 8, waitingBytes: 100 }],
  certificateUntil: NOW,
};

const judged = { check: 'ssh_bruteforce', severity: 'high', subject: { kind: 'ip', value: '192.0.2.9' } } as const;

/** One of each. */
export const ITEMS: Readonly<Record<StreamItem['kind'], StreamItem>> = {
  finding: {
    kind: 'finding',
    finding: {
      id: contentId(NOW, ['x']),
      at: NOW,
      ...judged,
      message: 'SSH brute force',
      details: '',
      firstAt: NOW,
      count: 5,
      provenance: 'file',
      firstPosition: 's:0',
      lastPosition: 's:9',
    },
  },
  incident: {
    kind: 'incident',
    incident: {
      key: 'ssh ip 192.0.2.9',
      ...judged,
      firstAt: NOW,
      lastAt: NOW,
      count: 2,
      dismissed: false,
      response: 'blocked',
    },
  },
  audit: { kind: 'audit', audit: { serial: 4, record: new TextEncoder().encode('{"a":1}'), hash: hex(32) } },
  event: {
    kind: 'event',
    event: {
      at: NOW,
      source: '/var/log/auth.log',
      program: 'sshd',
      action: 'login_failed',
      message: 'Failed password',
      fields: { user: 'root', ['__proto__']: 'x' },
      provenance: 'file',
    },
  },
  gap: { kind: 'gap', gap: { count: 3, reason: 'size', oldestAt: NOW, newestAt: millis(0) } },
};

export const batchOf = (...items: readonly StreamItem[]): StreamBatch => ({
  epoch: 'a',
  first: 7,
  items,
  replayed: false,
});

export const RESULT: OrderResult = {
  id: idAt(NOW, 4),
  state: 'done',
  text: 'blocked',
  at: NOW,
  code: '',
  detail: new TextEncoder().encode('{}'),
};

export const ENROLMENT_REQUEST: EnrolmentRequest = {
  token: 'site-1',
  proof: hex(32),
  certificateRequest: new Uint8Array(300).fill(48),
  serial: SERIAL,
  deviceKey: hex(32),
  deviceSignature: new Uint8Array(64).fill(7),
  version: '0.1.0',
};

export const ENROLMENT_REPLY: EnrolmentReply = {
  certificates: [new Uint8Array(300).fill(48)],
  brokerAuthority: new Uint8Array(200).fill(48),
  tenant: TENANT,
  shard: 7,
  brokers: ['mqtts://broker.example:8883', 'wss://broker.example/mqtt'],
  keys: setOf(testKey('ops')),
  keysGeneration: 1,
};
