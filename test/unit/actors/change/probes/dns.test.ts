import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nameServersIn, probeDns } from '../../../../../actors/change/probes/dns.ts';
import { ScriptedTools } from '../../../../support/scripted-tools.ts';

const { signal } = new AbortController();

function machine(text: string | undefined, answers: Readonly<Record<string, string>> = {}): ScriptedTools {
  const tools = new ScriptedTools();
  tools.files = text === undefined ? {} : { '/etc/resolv.conf': text };
  tools.askDns = async (server) => {
    const code = answers[server] ?? 'ETIMEOUT';
    return { answered: code !== 'ETIMEOUT', said: code };
  };
  return tools;
}

for (const { name, text, answers, result } of [
  { name: 'no file', text: undefined, answers: {}, result: 'unknown' },
  { name: 'no server in it', text: 'search example.net\n', answers: {}, result: 'unknown' },
  {
    name: 'one of two that answers',
    text: 'nameserver 192.0.2.53\nnameserver 192.0.2.54',
    answers: { '192.0.2.54': 'NOERROR' },
    result: 'passed',
  },
  { name: 'one that refuses', text: 'nameserver 192.0.2.53', answers: { '192.0.2.53': 'EREFUSED' }, result: 'passed' },
  { name: 'none that answers', text: 'nameserver 192.0.2.53', answers: {}, result: 'failed' },
  {
    name: 'a resolver here that reaches nobody',
    text: 'nameserver 127.0.0.53',
    answers: { '127.0.0.53': 'ESERVFAIL' },
    result: 'failed',
  },
] as const)
  test(`DNS with ${name}: ${result}`, async () => {
    const seen = await probeDns(machine(text, answers), signal);
    assert.equal(seen.result, result, seen.detail);
  });

test('name servers are read as the C library reads them', () => {
  const text =
    '# x\n nameserver  192.0.2.1 # a\nnameserver fe80::1%eth0\nnameserver -x\nnameserver ::1\nnameserver 9.9.9.9';
  assert.deepEqual(nameServersIn(text), ['192.0.2.1', 'fe80::1%eth0', '::1']);
});
