/**
 * door-main.js FROM TO: carries connections from one place to another, each a path of a socket or ADDRESS:PORT. Sockets with
 * paths know no network namespaces: so it is a door into one, or out of one. Says `open` when it is.
 */
import { connect, createServer, type Socket } from 'node:net';

const [from = '', to = ''] = process.argv.slice(2);

const placeOf = (text: string): { readonly path: string } | { readonly host: string; readonly port: number } => {
  const [, host = '', port] = /^(.*):(\d+)$/.exec(text) ?? [];
  return port === undefined ? { path: text } : { host, port: Number(port) };
};

function join(one: Socket, other: Socket): void {
  one.pipe(other);
  one.on('error', () => other.destroy());
  one.on('close', () => other.destroy());
}

createServer({ allowHalfOpen: true, noDelay: true }, (inner) => {
  const outer = connect({ ...placeOf(to), allowHalfOpen: true });
  join(inner, outer);
  join(outer, inner);
}).listen(placeOf(from), () => console.log('open'));
