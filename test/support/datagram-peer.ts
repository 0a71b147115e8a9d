import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Receiver } from '../contract/notify-suite.ts';
import { until } from './until.ts';

/** Binds, says so, reads when a line comes on standard input, and prints each datagram as its sender's pid and hex. */
const PEER = `
import socket, struct, sys
path = sys.argv[1]
peer = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
peer.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
peer.bind('\\0' + path[1:] if path.startswith('@') else path)
print('bound', flush=True)
sys.stdin.readline()
while True:
    data, ancillary, _, _ = peer.recvmsg(2 ** 20, 4096)
    pid = struct.unpack('3i', ancillary[0][2])[0]
    print(pid, data.hex(), flush=True)
`;

/** An AF_UNIX datagram socket, which Node does not have, in a python3 process of its own. */
export async function datagramPeer(path: string): Promise<Receiver & { readonly pids: ReadonlySet<number> }> {
  const child = spawn('python3', ['-c', PEER, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  const received: Uint8Array[] = [];
  const pids = new Set<number>();
  let isBound = false;
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line === 'bound') isBound = true;
    else {
      const [pid = '', hex = ''] = line.split(' ');
      pids.add(Number(pid));
      received.push(Buffer.from(hex, 'hex'));
    }
  });
  await until('the socket', () => isBound);
  return {
    pids,
    read: async (count) => {
      child.stdin.write('\n');
      await until(`${count} datagrams`, () => received.length >= count);
      return received;
    },
    close: async () => {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
  };
}
