import type { EventEmitter } from 'node:events';

/**
 * When a connection has closed, by an end or by a reset. `once(socket, 'close')` rejects at a reset, and who is let go
 * while what it sent lies unread is reset.
 */
export function closed(socket: EventEmitter): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
  });
}
