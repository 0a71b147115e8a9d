import type { Ip } from '../../core/base/ip.ts';
import { millis } from '../../core/base/time.ts';
import type { Event, HttpFields } from '../../core/event/event.ts';
import type { KeptLine, UnparsedLine } from '../../core/event/kept.ts';
import { fc } from './random.ts';

/** As the product makes them: with a prototype. */
const record: typeof fc.record = (model: object, constraints: object = {}) =>
  fc.record(model as never, { ...constraints, noNullPrototype: true } as never) as never;

/** Few enough to meet each other in a query, odd enough to go wrong. */
export const TEXTS = [
  'root',
  'Root',
  'admin',
  'ops',
  '',
  'ü',
  'Ünal',
  'K',
  'a b',
  'sshd',
  '日本',
  '203.0.113.5',
  'x_1',
  '*',
];
export const ADDRESSES = ['203.0.113.5', '203.0.113.77', '198.51.100.1', '2001:db8::1', '2001:db8:0:1::2'];
export const MESSAGES = [
  'Failed password for root from 203.0.113.5 port 4242 ssh2',
  'Failed password for invalid user Admin from 1.203.0.113.5 port 4243 ssh2',
  'Accepted publickey for ops from 2001:db8::1 port 5022 ssh2: ED25519 SHA256:abc+/d',
  'pam_unix(sshd:session): session opened for user ops(uid=1000) by (uid=0)',
  '',
  'root',
  'rooted xroot root_1 ROOT',
  'Ünal: Kelvin K and kelvin k 日本 end',
  '203.0.113.57 203.0.113.5',
  'a..b...c',
];

const text = fc.constantFrom(...TEXTS);
const address = fc.constantFrom(...ADDRESSES).map((ip) => ip as Ip);
const number = fc.oneof(fc.constantFrom(0, 1, 254, 255, 4242, 65_535, 70_000, 2 ** 33), fc.nat());
const message = fc.oneof(fc.constantFrom(...MESSAGES), fc.string({ unit: 'grapheme', maxLength: 40 }));
export const START = Date.UTC(2026, 10, 1);
const at = fc.integer({ min: START, max: START + 86_400_000 }).map(millis);
const position = record({ source: fc.constantFrom('aa', 'bb', 'cc'), offset: fc.nat() });
const provenance = fc.constantFrom('kernel', 'journal', 'file', 'spoofable' as const);

const http: fc.Arbitrary<HttpFields> = record(
  {
    method: fc.constantFrom('GET', 'POST'),
    path: text,
    query: text,
    status: fc.constantFrom(200, 404, 500),
    bytes: number,
    referrer: text,
    userAgent: text,
    host: text,
  },
  { requiredKeys: [] },
);

const event = record(
  {
    at,
    position,
    provenance,
    category: fc.constantFrom('authentication', 'web', 'other' as const),
    action: fc.constantFrom('ssh_failed_password', 'ssh_accepted'),
    outcome: fc.constantFrom('success', 'failure', 'unknown' as const),
    message,
    host: text,
    program: text,
    pid: number,
    user: text,
    userUnknown: fc.constant(true as const),
    sourceIp: address,
    sourcePort: number,
    destinationIp: address,
    destinationPort: number,
    transport: text,
    service: text,
    targetUser: text,
    http,
    fields: fc.dictionary(fc.constantFrom('one', 'two', '__proto__', 'constructor'), text, { noNullPrototype: true }),
    method: text,
    repeats: fc.integer({ min: 2, max: 9 }),
  },
  { requiredKeys: ['at', 'position', 'provenance', 'category', 'action', 'outcome', 'message'] },
) as fc.Arbitrary<Event>;

const unparsed = record(
  {
    unparsed: fc.constantFrom('empty', 'other-program', 'binary' as const),
    at,
    position,
    provenance,
    message,
    host: text,
    program: text,
    pid: number,
  },
  { requiredKeys: ['unparsed', 'at', 'position', 'provenance', 'message'] },
) as fc.Arbitrary<UnparsedLine>;

/** Any line as it may be kept, with or without each field. */
export const keptLine: fc.Arbitrary<KeptLine> = fc.oneof({ weight: 3, arbitrary: event }, unparsed);
