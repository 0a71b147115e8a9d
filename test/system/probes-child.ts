import { X509Certificate } from 'node:crypto';
import { createServer } from 'node:https';
import { ApiProbe } from '../../actors/change/probes/api.ts';
import { probeDns } from '../../actors/change/probes/dns.ts';
import { probeGateway } from '../../actors/change/probes/gateway.ts';
import { systemTools } from '../../actors/change/probes/index.ts';
import { ok } from '../../core/base/result.ts';
import { Authority } from '../support/certificates.ts';

/** Runs one probe in the network namespace it is started in, as often as lines come, and prints what it saw. */
const [what, ...words] = process.argv.slice(2);

const { signal } = new AbortController();

async function apiProbe(host: string): Promise<ApiProbe> {
  const pair = new Authority('probes').issue({ commonName: 'edge', usage: 'server' });
  const fingerprint = new X509Certificate(pair.cert).fingerprint256;
  const server = createServer(pair, (_, response) => response.end('{}'));
  await new Promise<void>((resolve) => server.listen(9443, host, resolve));
  return new ApiProbe({ tools: systemTools, api: () => ok({ host, port: 9443, fingerprint }) });
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
      const api = await apiProbe(words[0] ?? '::');
      return () => api.run(signal);
    }
  }
}

const run = await probe();
process.stdin.on('end', () => process.exit());
for await (const _ of process.stdin) process.stdout.write(`${JSON.stringify(await run())}\n`);
