import type { ChildProcess } from 'node:child_process';
import { firstLine } from './boundary.ts';
import type { Namespace } from './namespaces.ts';
import { waitUntil } from './network-namespace.ts';

/** Datagrams as fast as they go from one address to many, until told to stop. */
const HAMMER = `
import socket, sys, threading
source, targets = sys.argv[1], [(t, 9) for t in sys.argv[2:]]
s = socket.socket(socket.AF_INET6 if ':' in source else socket.AF_INET, socket.SOCK_DGRAM)
s.bind((source, 0))
stopped = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stopped.set()), daemon=True).start()
print('begun', flush=True)
while not stopped.is_set():
    for to in targets:
        try: s.sendto(b'x', to)
        except OSError: pass
`;

/** Starts to send from each address to each target of its family; the returned function stops and waits for the end. */
export async function hammer(
  from: Namespace,
  sources: readonly string[],
  targets: readonly string[],
): Promise<() => Promise<void>> {
  const senders: ChildProcess[] = [];
  for (const source of sources) {
    const family = targets.filter((target) => target.includes(':') === source.includes(':'));
    const sender = from.spawn('python3', ['-c', HAMMER, source, ...family]);
    await firstLine(sender);
    senders.push(sender);
  }
  return async () => {
    for (const sender of senders) sender.stdin?.end();
    await waitUntil('the senders have stopped', 10_000, () => senders.every(({ exitCode }) => exitCode !== null));
  };
}

/** A table that counts what comes in from these (`came IP`) and what gets past the product's rules (`passed IP`). */
export function countingTable(sources: readonly string[]): string {
  const chain = (name: string, priority: number): string =>
    `chain ${name} { type filter hook prerouting priority ${priority};\n${sources
      .map((ip) => `${ip.includes(':') ? 'ip6' : 'ip'} saddr ${ip} udp dport 9 counter comment "${name} ${ip}"`)
      .join('\n')}\n}`;
  return `table inet count { ${chain('came', -195)}\n${chain('passed', -185)}\n }`;
}

/** What was counted, by comment. */
export async function countedPackets(edge: Namespace): Promise<ReadonlyMap<string, number>> {
  const { nftables } = JSON.parse(await edge.run('nft', '-j', 'list', 'table', 'inet', 'count')) as {
    readonly nftables: readonly { readonly rule?: { comment: string; expr: { counter?: { packets: number } }[] } }[];
  };
  return new Map(
    nftables.flatMap(({ rule }) =>
      rule === undefined
        ? []
        : [[rule.comment, rule.expr.flatMap(({ counter }) => counter?.packets ?? []).at(0) ?? 0] as const],
    ),
  );
}
