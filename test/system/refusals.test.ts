import assert from 'node:assert/strict';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { type CliDeps, runCli } from '../../actors/cli/index.ts';
import { askOverSocket } from '../../actors/cli/socket.ts';
import { systemClock, systemRandom } from '../../actors/clock/index.ts';
import { parseIp } from '../../core/base/ip.ts';
import { exitCode } from '../../core/cli/exit-codes.ts';
import { Daemon, stateDir } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { Namespace, notRoot } from '../support/namespaces.ts';
import { seeded } from '../support/random.ts';
import { spell, spellWithin } from '../support/spellings.ts';
import { waitFor } from '../support/wait-for.ts';

const SPELLINGS = 1000;
const OWN = ['192.0.2.1', '2001:db8:1::1'];
const INFRA = ['198.51.100.0/24', '2001:db8:5::/48', '203.0.113.200'];

/** Spellings of loopback, own and infra addresses, and of addresses within their networks. */
function spelled(random: () => number): string {
  const bytesOf = (text: string): Uint8Array => {
    const parsed = parseIp(text);
    assert.ok(parsed.ok);
    return parsed.value.bytes;
  };
  const choices = [
    () => spell('::1', random),
    () => spellWithin(bytesOf('127.0.0.0'), 8, random),
    () => spell(OWN[0] ?? '', random),
    () => spell(OWN[1] ?? '', random),
    () => spellWithin(bytesOf('198.51.100.0'), 24, random),
    () => spellWithin(bytesOf('2001:db8:5::'), 48, random),
    () => spell('203.0.113.200', random),
  ];
  return choices[Math.floor(random() * choices.length)]?.() ?? '';
}

/** The command line in this process, its answers from the daemon's socket. */
async function cli(state: string, ...argv: string[]): Promise<{ readonly code: number; readonly said: string }> {
  let said = '';
  const output = {
    columns: undefined,
    write: async (text: string) => {
      said += text;
      return 'written' as const;
    },
  };
  const absent = async (): Promise<never> => assert.fail('not asked for here');
  const deps: CliDeps = {
    version: '0',
    stdout: output,
    stderr: output,
    logs: { parsers: [], parse: () => assert.fail(), replay: () => assert.fail() },
    cameFrom: () => undefined,
    now: () => assert.fail(),
    pause: absent,
    interrupts: () => assert.fail(),
    searchEvents: () => assert.fail(),
    serve: absent,
    provision: absent,
    verify: absent,
    confirm: absent,
    openLog: absent,
    readConfig: absent,
    flashing: absent,
    controller: absent,
    world: { clock: systemClock, random: systemRandom },
    writeFile: absent,
    imageAuthority: () => assert.fail(),
    ask: (_, request) => askOverSocket(join(state, 'control.sock'), request),
  };
  return { code: await runCli(argv, deps), said };
}

test(`${SPELLINGS} spellings of protected addresses: refused by API, command line and detector`, {
  skip: notRoot,
}, async (t) => {
  using edge = new Namespace('edge');
  using neighbour = new Namespace('neighb');
  edge.link(neighbour, [`${OWN[0]}/24`, `${OWN[1]}/64`], ['192.0.2.2/24']);
  await using daemon = new Daemon(await stateDir());
  const log = join(daemon.state, 'auth.log');
  await writeFile(log, '');
  await daemon.configure(`
webui: { listen: '127.0.0.1:${await freePort()}' }
infra_ips: ['${INFRA.join("', '")}']
firewall: { enabled: true, netns: ${edge.name} }
watchers: { files: [{ path: ${log}, parser: sshd }] }
`);
  await daemon.start();
  const random = seeded();
  const elements = async (): Promise<number> => {
    const sets = ['blocked4', 'blocked6'].map((set) => edge.run('nft', 'list', 'set', 'inet', 'bartizan', set));
    return (await Promise.all(sets)).join('').match(/comment "/g)?.length ?? 0;
  };

  await t.test('by the API', async () => {
    for (let i = 0; i < SPELLINGS; i++) {
      const ip = spelled(random);
      const { status, body } = await daemon.call('POST', '/api/v1/block-ip', { ip, reason: 'x', duration: '1h' });
      assert.equal(status, 400, ip);
      assert.match(body.error, /must not be blocked: (?:loopback|an address of this host|listed in infra_ips)/, ip);
    }
  });

  await t.test('by the command line', async () => {
    for (let i = 0; i < SPELLINGS; i++) {
      const ip = spelled(random);
      const { code, said } = await cli(daemon.state, 'block', ip, '--for', '1h');
      assert.equal(code, exitCode('refused'), `${ip}: ${said}`);
      assert.match(said, /must not be blocked/);
    }
  });

  await t.test('by the detector', async () => {
    const now = Date.now();
    const lines: string[] = [];
    for (let i = 0; i < SPELLINGS; i++) {
      const ip = spelled(random);
      const at = new Date(now - 3_000_000 + i * 1000).toISOString();
      for (let port = 1; port <= 5; port++) {
        lines.push(`${at} edge01 sshd[${i + 1}]: Failed password for root from ${ip} port ${port} ssh2\n`);
      }
    }
    const culprit = '203.0.113.66';
    for (let port = 1; port <= 5; port++) {
      lines.push(
        `${new Date(now).toISOString()} edge01 sshd[9]: Failed password for root from ${culprit} port ${port} ssh2\n`,
      );
    }
    await appendFile(log, lines.join(''));
    await waitFor('the one block that is right', async () => {
      const { body } = await daemon.call('GET', '/api/v1/blocked-ips');
      return body.length > 0 ? body : undefined;
    });
    const { body: blocked } = await daemon.call('GET', '/api/v1/blocked-ips');
    assert.deepEqual(
      blocked.map(({ ip }: { ip: string }) => ip),
      [culprit],
    );
    const { body: found } = await daemon.call('GET', '/api/v1/findings');
    assert.ok(found.length > 10, 'they were found all the same');
  });

  assert.equal(await elements(), 1, 'the kernel holds the culprit alone');
});
