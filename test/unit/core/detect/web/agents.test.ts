import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCidr } from '../../../../../core/base/ip.ts';
import { AgentReader } from '../../../../../core/detect/web/agents.ts';
import { KNOWN_AGENTS } from '../../../../../core/detect/web/known-agents.ts';
import { ip } from '../../../../support/events.ts';

const reader = (): AgentReader => new AgentReader(KNOWN_AGENTS, (agent) => agent.includes('() {'));

test('tools are known by a part of their name, in any case', () => {
  const agents = reader();
  for (let round = 0; round < 2; round++) {
    assert.ok(agents.read('sqlmap/1.7.2#stable (https://sqlmap.org)').isBad);
    assert.ok(agents.read('Mozilla/5.00 (Nikto/2.1.6)').isBad);
    assert.ok(agents.read('() { :; }; /bin/x').isBad);
    assert.ok(!agents.read('Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0').isBad);
    assert.ok(!agents.read('').isBad);
  }
});

test('who claims to be a crawler is believed in its own networks only', () => {
  const agents = reader();
  const { bot } = agents.read('Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)');
  assert.equal(bot?.name, 'Googlebot');
  assert.ok(bot && agents.isOf(bot, ip('66.249.66.1')) && agents.isOf(bot, ip('2001:4860:4801::7')));
  assert.ok(bot && !agents.isOf(bot, ip('203.0.113.7')) && !agents.isOf(bot, ip('2001:db8::1')));
});

/** One address of each stretch that the operators publish, and one beside it. */
for (const [agent, own, foreign] of [
  ['Googlebot/2.1', ['66.249.64.1', '66.249.79.200', '192.178.5.3', '34.118.66.7', '35.247.243.241'], '34.118.66.16'],
  ['bingbot/2.0', ['157.55.39.1', '207.46.13.9', '40.77.167.77', '20.15.133.161', '199.30.25.1'], '40.77.168.1'],
  ['Applebot/0.1', ['17.22.237.1', '17.241.75.4'], '18.0.0.1'],
  ['YandexBot/3.0', ['5.255.231.4', '95.108.213.9', '2a02:6b8:b010:55::1'], '95.107.1.1'],
] as const)
  test(`${agent} is believed where its operator says it comes from`, () => {
    const agents = reader();
    const { bot } = agents.read(`Mozilla/5.0 (compatible; ${agent}; +http://x/bot.html)`);
    assert.ok(bot !== undefined);
    for (const address of own) assert.ok(agents.isOf(bot, ip(address)), address);
    assert.ok(!agents.isOf(bot, ip(foreign)));
  });

test('however many agents and however long, few are remembered', () => {
  const agents = reader();
  for (let i = 0; i < 5000; i++) agents.read(`agent ${i}`);
  assert.ok(agents.read(`${'x'.repeat(400)} nuclei ${'x'.repeat(100_000)}`).isBad);
});

test('the shipped lists are as their users expect: lower case, networks that can be read', () => {
  for (const part of KNOWN_AGENTS.badAgents) assert.equal(part, part.toLowerCase());
  for (const { agent, networks } of KNOWN_AGENTS.knownBots) {
    assert.equal(agent, agent.toLowerCase());
    for (const network of networks) {
      const net = parseCidr(network);
      assert.ok(net.ok && net.value.text === network, network);
    }
  }
});
