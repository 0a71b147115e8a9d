import type { Duplex } from 'node:stream';
import { refusal } from '../refusal.ts';
import { sendBy } from './attach.ts';

const STATUS: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** Answers what could not be parsed as a request, or did not come to its end in time, and closes the sending side. */
export function refuseConnection(socket: Duplex, code: string | undefined): void {
  sendBy(socket, refusal(STATUS[code ?? ''] ?? 400));
}
