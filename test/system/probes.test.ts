import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { Namespace } from '../support/namespaces.ts';
import { namespacesUnavailable, waitUntil } from '../support/network-namespace.ts';

const skip = namespacesUnavailable();
const CHILD = join(import.meta.dirname, 'probes-child.js');
const FLAGS = ['--disallow-code-generation-from-strings', '--enable-source-maps'];

interface Seen {
  readonly result: string;
  readonly detail: string;
}

/** A host and its router, and a probe that runs on the host as often as it is asked. */
class Site implements Disposable {
  readonly host = new Namespace('host');
  readonly router = new Namespace('router');
  #answers: AsyncIterator<string> | undefined;
  #child: ChildProcess | undefined;

  constructor() {
    this.host.link(this.router, ['192.0.2.10/24', '2001:db8::10/64'], ['192.0.2.1/24', '2001:db8::1/64']);
  }

  start(...words: readonly string[]): void {
    this.#child = this.host.spawn(process.execPath, [...FLAGS, CHILD, ...words]);
    this.#child.stderr?.pipe(process.stderr);
    if (this.#child.stdout === null) throw new Error('the child has no output');
    this.#answers = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
  }

  async probe(): Promise<Seen> {
    this.#child?.stdin?.write('\n');
    const answer = await this.#answers?.next();
    return JSON.parse(String(answer?.value)) as Seen;
  }

  [Symbol.dispose](): void {
    this.host[Symbol.dispose]();
    this.router[Symbol.dispose]();
  }
}

const told = async (site: Site, result: string, says: RegExp): Promise<void> => {
  const seen = await site.probe();
  assert.equal(seen.result, result, seen.detail);
  assert.match(seen.detail, says);
};

test('the gateway: by ping, by ARP and neighbour discovery where that is silent, and not at all', {
  skip,
}, async () => {
  using site = new Site();
  const { host, router } = site;
  site.start('gateway');
  await told(site, 'unknown', /no default route/);
  host.ip('route', 'add', 'default', 'via', '192.0.2.1');
  host.ip('-6', 'route', 'add', 'default', 'via', '2001:db8::1');
  await told(site, 'passed', /gateway 192\.0\.2\.1 \(\w+\) answers .*; gateway 2001:db8::1 \(\w+\) answers /);
  await router.run('sysctl', '-qw', 'net.ipv4.icmp_echo_ignore_all=1', 'net.ipv6.icmp.echo_ignore_all=1');
  await told(site, 'passed', /answers ARP, .*answers neighbour discovery, /);
  router.ip('addr', 'flush', 'to', '192.0.2.1');
  host.ip('neigh', 'flush', 'all');
  await told(site, 'failed', /gateway 192\.0\.2\.1 \(\w+\) does not answer ARP/);
});

/** Answers every question with nothing, at once. */
const DNS_SERVER = `
const socket = require('node:dgram').createSocket('udp6');
socket.on('message', (question, { port, address }) => {
  const answer = Buffer.from(question);
  answer[2] |= 0x80;
  answer[3] = 0x80 | Number(process.argv[1]);
  socket.send(answer, port, address);
});
socket.bind(53, '::', () => console.log('ready'));
`;

const dnsServer = async (site: Site, code: number): Promise<void> => {
  const server = site.router.spawn(process.execPath, ['-e', DNS_SERVER, String(code)]);
  if (server.stdout === null) throw new Error('the server has no output');
  for await (const _ of createInterface(server.stdout)) return;
};

test('a name server that answers is heard, whatever it says; one that is silent is not', { skip }, async () => {
  for (const code of [0, 3, 5]) {
    using site = new Site();
    await dnsServer(site, code);
    site.start('dns', '192.0.2.99', '2001:db8::1');
    await told(site, 'passed', /192\.0\.2\.99: \w+; 2001:db8::1: (?:ENODATA|ENOTFOUND|EREFUSED)/);
    await site.host.run('nft', 'add table inet t; add chain inet t c { type filter hook prerouting priority -190 ; }');
    await site.host.run('nft', 'add rule inet t c meta l4proto udp drop');
    await told(site, 'failed', /no name server answers/);
  }
});

test('the own API is asked from outside, through the rules', { skip }, async () => {
  for (const listen of ['::', '192.0.2.10']) {
    using site = new Site();
    site.start('api', listen);
    await told(site, 'passed', /^answers over TLS from outside$/);
    await site.host.run('nft', 'add table inet t; add chain inet t c { type filter hook prerouting priority -190 ; }');
    await site.host.run('nft', 'add rule inet t c ip saddr 0.0.0.0/0 iifname != "lo" drop');
    await told(site, 'failed', /^from outside: no answer within 3000 ms$/);
    await site.host.run('nft', 'delete table inet t');
    await told(site, 'passed', /outside/);
    const links = site.host.ip('-br', 'link');
    await waitUntil('the cable is gone', 5000, () => site.host.ip('-br', 'link').split('\n').length <= 3);
    assert.ok(links.length > 0);
  }
});

test('what was never heard from outside is not said to be cut', { skip }, async () => {
  using site = new Site();
  await site.host.run('nft', 'add table inet t; add chain inet t c { type filter hook prerouting priority -190 ; }');
  await site.host.run('nft', 'add rule inet t c iifname != "lo" drop');
  site.start('api', '::');
  await told(site, 'unknown', /another firewall/);
});

test('rules that let only listed networks in keep the probe itself out, and that is not held against them', {
  skip,
}, async () => {
  using site = new Site();
  const rules = `table inet t { chain c {
    type filter hook prerouting priority -190; policy accept;
    iifname "lo" accept
    ip saddr 0.0.0.0/0 drop
  }
  }`;
  await site.host.run('nft', rules);
  site.start('api', '::', rules);
  await told(site, 'passed', /the rules do not let 169\.254\.98\.121 in/);
});

test('an API on loopback alone is asked there', { skip }, async () => {
  using site = new Site();
  site.start('api', '127.0.0.1');
  await told(site, 'failed', /where 192\.0\.2\.2, which ordered the change, does not get/);
  using near = new Site();
  near.start('api', '127.0.0.1', '', '127.0.0.1');
  await told(near, 'passed', /where alone it listens/);
});
