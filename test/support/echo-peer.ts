/**
 * A program for the inside of a namespace: `server ADDRESS PORT` answers every line; `client ADDRESS PORT` keeps one
 * connection open and writes what it hears to stdout; `try ADDRESS PORT [SOURCE]` exits 0 when a connection comes about within
 * 1.5 s, 1 when nothing answers, 2 when it is refused.
 */
import { connect, createServer } from 'node:net';
import { setTimeout as deadline } from 'node:timers';

const [mode, address = '', port = '', from] = process.argv.slice(2);
const target = { host: address, port: Number(port) };

switch (mode) {
  case 'server':
    createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.pipe(socket);
    }).listen({ ...target, ipv6Only: false }, () => console.log('listening'));
    break;
  case 'client': {
    const socket = connect(target, () => console.log('connected'));
    socket.pipe(process.stdout);
    process.stdin.pipe(socket);
    break;
  }
  case 'try': {
    const source = from === undefined ? {} : { localAddress: from };
    const socket = connect({ ...target, ...source }, () => process.exit(0));
    socket.on('error', () => process.exit(2));
    deadline(() => process.exit(1), 1500);
    break;
  }
  default:
    throw new Error('server, client or try');
}
