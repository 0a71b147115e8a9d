import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { refusal } from '../refusal.ts';

const STATUS: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** Answers what could not be parsed as a request, or did not come to its end in time, and closes the sending side. */
export function refuseConnection(socket: Duplex, code: string | undefined): void {
  const { status, headers, body } = refusal(STATUS[code ?? ''] ?? 400);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = Buffer.byteLength(body);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}content-length: ${length}\r\n\r\n${body}`);
}
