import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { API_HEADERS } from '../../../core/api/headers.ts';
import { jsonText } from '../../../core/api/reply.ts';

const STATUS: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** Answers what could not be parsed as a request, or did not come to its end in time, and closes the sending side. */
export function refuseConnection(socket: Duplex, code: string | undefined): void {
  const status = STATUS[code ?? ''] ?? 400;
  const reason = STATUS_CODES[status] ?? 'Bad Request';
  const body = jsonText({ error: reason });
  const headers = { ...API_HEADERS, 'content-type': 'application/json; charset=utf-8', connection: 'close' };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\n${lines.join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
