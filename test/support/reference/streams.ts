import { millis } from '../../../core/base/time.ts';
import { type Event, PROVENANCES } from '../../../core/event/event.ts';
import { EPOCH, ip } from '../events.ts';
import { fc } from '../random.ts';

/** Few of everything, so that thresholds are reached: two of the addresses share a /64, two a /32. */
const ADDRESSES = ['203.0.113.7', '198.51.100.9', '2001:db8::1', '2001:db8::2:0:0:3', '2001:db8:0:1::1', '66.249.66.1'];
const USERS = ['root', 'admin', 'a b', 'üser', '=x', ' y', 'pi', 'x'.repeat(300), `${'x'.repeat(300)}2`];
const PATHS = [
  '/a',
  '/b',
  '/c',
  '/wp-login.php',
  '/blog/xmlrpc.php',
  '/.env',
  '/phpmyadmin/',
  '/.git/config',
  '/x/%2e%2e/%2e%2e/y',
  '/%c0%ae%c0%ae/etc/passwd',
  '/c99.php',
];
const QUERIES = [
  undefined,
  'q=1',
  'id=1+UNION%2F%2A%2A%2Fselect+null',
  'f=..%252f..%252fetc/passwd',
  'x=;wget%20http',
  'cols=information_schema',
  'a=select',
  'f=..\\..\\boot.ini',
];
const AGENTS = [undefined, 'Mozilla/5.0', 'sqlmap/1.7', 'Googlebot/2.1', '$' + '{jndi:ldap://x}'];

const address = fc.constantFrom(...ADDRESSES).map(ip);
const fewAddresses = fc.constantFrom(...ADDRESSES.slice(2, 5)).map(ip);
const user = fc.constantFrom(...USERS);
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined, freq: 8 });

type Loose = { readonly [K in keyof Event]?: Event[K] | undefined };

const ssh: fc.Arbitrary<Loose> = fc.record({
  category: fc.constant('authentication' as const),
  action: fc.constantFrom(
    'ssh_failed_password',
    'ssh_failed_password',
    'ssh_failed_publickey',
    'ssh_auth_abandoned',
    'ssh_auth_abandoned',
    'ssh_failed_none',
    'ssh_invalid_user',
    'ssh_pam_failure',
    'ssh_accepted_password',
  ),
  userUnknown: maybe(fc.constant(true as const)),
  sourceIp: maybe(address),
  sourcePort: maybe(fc.integer({ min: 1, max: 3 })),
  user: maybe(user),
  host: maybe(fc.constantFrom('h1', 'h2')),
});

const mail: fc.Arbitrary<Loose> = fc.record({
  category: fc.constantFrom('authentication', 'authentication', 'authentication', 'email'),
  outcome: fc.constantFrom('failure', 'failure', 'failure', 'success'),
  action: fc.constantFrom(
    'mail_login_failed',
    'smtp_auth_failed',
    'ftp_login_failed',
    'pam_failure',
    'mail_auth_failed',
    'login',
  ),
  service: maybe(fc.constantFrom('imap', 'submission', 'ftp', 'other')),
  sourceIp: maybe(fewAddresses),
  user: maybe(user),
});

const privilege: fc.Arbitrary<Loose> = fc.record({
  category: fc.constant('authentication' as const),
  action: fc.constantFrom('sudo_failed', 'sudo_refused', 'su_failed', 'pam_failure'),
  user: maybe(fc.constantFrom('alice', 'bob')),
  targetUser: maybe(user),
  host: maybe(fc.constantFrom('h1', 'h2')),
});

const web: fc.Arbitrary<Loose> = fc.record({
  category: fc.constant('web' as const),
  action: fc.constant('http_request'),
  sourceIp: maybe(address),
  http: fc
    .record({
      method: fc.constantFrom('GET', 'POST'),
      path: maybe(fc.constantFrom(...PATHS)),
      query: fc.constantFrom(...QUERIES),
      status: maybe(fc.constantFrom(200, 404, 403, 401, 499)),
      userAgent: fc.constantFrom(...AGENTS),
    })
    .map((http) => defined(http)),
  fields: maybe(fc.constantFrom({ bot_verdict: 'genuine' }, { bot_verdict: 'false' })),
});

const network: fc.Arbitrary<Loose> = fc.record({
  category: fc.constant('network' as const),
  action: fc.constantFrom('packet_dropped', 'packet_dropped', 'packet_dropped', 'packet_accepted'),
  sourceIp: maybe(fewAddresses),
  destinationPort: maybe(fc.integer({ min: 1, max: 6 })),
});

/** One source that tries user after user, each a few times. */
const spray: fc.Arbitrary<Loose> = fc.record({
  category: fc.constant('authentication' as const),
  action: fc.constant('ssh_failed_password'),
  sourceIp: fc.constant(ip('203.0.113.7')),
  user: fc.constantFrom(...'abcdefghij'),
});

/** Two users who come and go, from few places. */
const logins: fc.Arbitrary<Loose> = fc.record({
  category: fc.constant('authentication' as const),
  action: fc.constantFrom('ssh_accepted_publickey', 'ssh_accepted_publickey', 'ssh_failed_password'),
  sourceIp: address,
  user: fc.constantFrom('alice', 'root'),
});

/** One source, few ports: lines of the same connection again and again. */
const connections: fc.Arbitrary<Loose> = fc.record({
  category: fc.constant('authentication' as const),
  action: fc.constantFrom('ssh_failed_password', 'ssh_auth_abandoned'),
  sourceIp: fc.constantFrom(ip('2001:db8::1'), ip('2001:db8::2')),
  sourcePort: fc.integer({ min: 1, max: 2 }),
  user: fc.constantFrom('alice', 'root'),
});

/** In seconds. Windows are so many of them, so that many events are exactly one window apart. */
const STEP = 30;

const common = {
  second: fc.integer({ min: 0, max: 100 }).map((step) => step * STEP),
  provenance: fc.constantFrom(...PROVENANCES),
  repeats: fc.constantFrom(undefined, undefined, undefined, 2, 4),
};

const FAMILIES = { ssh, spray, logins, connections, mail, privilege, web, network };
export type Family = keyof typeof FAMILIES;
export const FAMILY_NAMES = Object.keys(FAMILIES) as readonly Family[];

/** Events of a family in rough order of time: each at most `disorder` seconds before one ahead of it. */
export const streamOf = (
  family: Family,
  disorder: number,
  [minLength = 0, maxLength = 120]: readonly number[] = [],
): fc.Arbitrary<Event[]> =>
  fc.array(fc.tuple(fc.record(common), FAMILIES[family], fc.nat(disorder)), { minLength, maxLength }).map((drawn) =>
    drawn
      .sort(([a], [b]) => a.second - b.second)
      .map(([{ second, provenance, repeats }, loose, late], i) => ({
        position: { source: i % 3 === 0 ? 'f' : 'g', offset: i },
        provenance,
        outcome: 'failure' as const,
        message: '',
        ...defined({ ...loose, repeats }),
        at: millis(EPOCH + Math.max(0, second - STEP * Math.floor(late / STEP)) * 1000),
      })),
  ) as fc.Arbitrary<Event[]>;

const defined = <T extends object>(loose: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(loose).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
