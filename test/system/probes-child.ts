import { X509Certificate } from 'node:crypto';
import { createServer } from 'node:https';
import { ApiProbe } from '../../actors/change/probes/api.ts';
import { probeDns } from '../../actors/change/probes/dns.ts';
import { probeGateway } from '../../actors/change/probes/gateway.ts';
import { systemTools } from '../../actors/change/probes/index.ts';
import { fail, ok } from '../../core/base/result.ts';
import { TRIED } from '../support/api/fake-trials.ts';
import { Authority } from '../support/certificates.ts';

/** Runs one probe in the network namespace it is started in, as often as lines come, and prints what it saw. */
const [what, ...words] = process.argv.slice(2);

const { signal } = new AbortController();

/** @param candidate what the probe takes for the rules on trial, where it is to know them */
async function apiProbe(host: string, candidate: string | undefined): Promise<ApiProbe> {
  const pair = new Authority('probes').issue({ commonName: 'edge', usage: 'server' });
  const fingerprint = new X509Certificate(pair.cert).fingerprint256;
  const server = createServer(pair, (_, response) => response.end('{}'));
  await new Promise<void>((resolve) => server.listen(9443, host, resolve));
  const rules = async () =>
    candidate === undefined ? fail('unknown', 'not told') : ok({ candidate, confirmed: candidate });
  return new ApiProbe({ tools: systemTools, rules, api: () => ok({ host, port: 9443, fingerprint }) });
}

async function probe(): Promise<() => Promise<unknown>> {
  switch (what) {
    case 'gateway':
      return () => probeGateway(systemTools, signal);
    case 'dns': {
      const text = words.map((server) => `nameserver ${server}\n`).join('');
      return () => probeDns({ ...systemTools, read: async () => text }, signal);
    }
    default: {
      const api = await apiProbe(words[0] ?? '::', words[1] || undefined);
      const [, , peer = TRIED.word.peer] = words;
      const change = { ...TRIED, word: { ...TRIED.word, peer } };
      return () => api.run(change, signal);
    }
  }
}

const run = await probe();
process.stdin.on('end', () => process.exit());
for await (const _ of process.stdin) process.stdout.write(`${JSON.stringify(await run())}\n`);
