import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { HostSettings } from '../../../../core/config/settings.ts';
import { renderHost } from '../../../../core/host/render.ts';
import { hostSettings } from '../../../support/host-settings.ts';
import { fc } from '../../../support/random.ts';
import { ROOT } from '../../../support/root.ts';
import { loaded } from '../config/surroundings.ts';

const hostOf = (text: string): HostSettings => loaded(text).config.host;

const STATIC = `host:
  hostname: edge-1
  timezone: Europe/Berlin
  ntp: [ntp.example.net, 192.0.2.123]
  dns: ['2001:DB8::0053']
  search: [example.net]
  interfaces:
    - match: ens3
      method: static
      addresses: [192.0.2.10/24, '2001:DB8:0::10/64']
      gateways: [192.0.2.1, 'FE80::1']
      dns: [192.0.2.53, 192.0.2.54]
      search: [a.example, b.example]
      ipv6_ra: false
      mtu: 1400
    - match: 52:54:00:12:34:56
      method: dhcp
`;

const EXPECTED = `bartizan-host 1
= hostname
edge-1
= timezone
Europe/Berlin
= network 10-bartizan-0.network
[Match]
Name=ens3
[Link]
MTUBytes=1400
[Network]
DHCP=no
IPv6AcceptRA=no
Address=192.0.2.10/24
Address=2001:db8::10/64
DNS=192.0.2.53
DNS=192.0.2.54
Domains=a.example b.example
[Route]
Gateway=192.0.2.1
[Route]
Gateway=fe80::1
= network 11-bartizan-1.network
[Match]
MACAddress=52:54:00:12:34:56
[Network]
DHCP=yes
IPv6AcceptRA=yes
[DHCPv4]
UseHostname=no
UseNTP=no
[DHCPv6]
UseHostname=no
UseNTP=no
= resolved
[Resolve]
DNS=2001:db8::53
Domains=example.net
= timesyncd
[Time]
NTP=ntp.example.net 192.0.2.123
`;

test('settings become what systemd reads', () => assert.equal(renderHost(hostOf(STATIC)), EXPECTED));

test('without settings it is the text that systemd/host goes by before there are any', () =>
  assert.equal(renderHost(hostOf('')), readFileSync(join(ROOT, 'systemd/host-default'), 'utf8')));

test('without settings every wired link takes what it is offered', () =>
  assert.match(
    renderHost(hostOf('')),
    /^bartizan-host 1\n= hostname\nbartizan\n.*\[Match\]\nType=ether\nKind=!\*\n\[Network\]\nDHCP=yes\n\[DHCPv4\]\nUseHostname=no\n\[DHCPv6\]\nUseHostname=no\n/s,
  ));

test('without announcements there is no DHCP over IPv6', () => {
  const text = renderHost(hostOf('host:\n  interfaces:\n    - { match: ens3, method: dhcp, ipv6_ra: false }\n'));
  assert.match(text, /DHCP=ipv4\nIPv6AcceptRA=no\n/);
  assert.doesNotMatch(text, /DHCPv6/);
});

test('a gateway that is in no network of the addresses is one on the link where that is said', () => {
  const text = renderHost(
    hostOf(
      'host:\n  interfaces:\n    - { match: ens3, method: static, addresses: [192.0.2.1/32], gateways: [198.51.100.1], gateway_on_link: true }\n',
    ),
  );
  assert.match(text, /\[Route\]\nGateway=198\.51\.100\.1\nGatewayOnLink=yes\n/);
});

test('whatever is right stays in its line, and the same settings give the same text', () => {
  fc.assert(
    fc.property(hostSettings, (host) => {
      const text = renderHost(host);
      assert.equal(renderHost(structuredClone(host)), text);
      assert.match(
        text,
        /^(?:bartizan-host 1|= [a-z0-9. -]+|\[[A-Za-z0-9]+\]|[A-Za-z0-9]+=[ -~]+|[A-Za-z0-9_/+.-]+|)$/m,
      );
      const count = (pattern: RegExp) => [...text.matchAll(pattern)].length;
      assert.equal(count(/^= network /gm), Math.max(1, host.interfaces.length));
      assert.equal(count(/^Address=/gm), host.interfaces.flatMap(({ addresses }) => addresses).length);
      assert.equal(count(/^Gateway=/gm), host.interfaces.flatMap(({ gateways }) => gateways).length);
    }),
  );
});

test('a value that was never checked is refused rather than written', () => {
  const host = hostOf(STATIC);
  const [first] = host.interfaces;
  assert.ok(first);
  const hostile = fc
    .string({ minLength: 1 })
    .filter((text) => !/^[A-Za-z0-9./_+:-]+(?: [A-Za-z0-9.:/_-]+)*$/.test(text));
  fc.assert(
    fc.property(
      fc.oneof(hostile, fc.constantFrom('x\nDHCP=yes', 'a\n= hostname', '"', '\\', '%H', '#', ';')),
      (text) => {
        for (const wrong of [
          { ...host, hostname: text },
          { ...host, timezone: text },
          { ...host, ntp: [text] },
          { ...host, search: [text] },
          { ...host, interfaces: [{ ...first, match: text }] },
          { ...host, interfaces: [{ ...first, addresses: [text] }] },
          { ...host, interfaces: [{ ...first, gateways: [text] }] },
          { ...host, interfaces: [{ ...first, search: [text] }] },
        ]) {
          if (text !== '!*') assert.throws(() => renderHost(wrong), /never checked/);
        }
      },
    ),
  );
});
