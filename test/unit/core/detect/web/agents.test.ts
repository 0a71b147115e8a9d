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
