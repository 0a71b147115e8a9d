import { fail, type Result } from '../../core/base/result.ts';
import type { DatagramCode, DatagramPort } from './port.ts';

/** What sd_notify(3) lets a service say; several things may go in one datagram. */
export interface ServiceState {
  /** The start is over: units that come after this one may start. */
  readonly ready?: true;
  /** The stop has begun. */
  readonly stopping?: true;
  /** Alive, for `WatchdogSec=`. */
  readonly watchdog?: true;
  /** One line for `systemctl status`. */
  readonly status?: string;
}

/** `systemctl status` shows one line. */
const STATUS_LIMIT = 512;

/** The service manager that started this process, if one did that wants to be told. */
export class ServiceManager {
  readonly #port: DatagramPort;
  readonly #socket: string | undefined;

  /** @param socket the environment's NOTIFY_SOCKET; keep it from child processes, which would speak in our name */
  constructor(port: DatagramPort, socket: string | undefined) {
    this.#port = port;
    this.#socket = socket;
  }

  /** @returns `absent` without a service manager, which is no fault */
  tell(state: ServiceState): Result<void, DatagramCode> {
    if (this.#socket === undefined)
      return fail('absent', 'no service manager wants to be told (NOTIFY_SOCKET is not set)');
    return this.#port.send(this.#socket, new TextEncoder().encode(textOf(state)));
  }
}

function textOf({ ready, stopping, watchdog, status }: ServiceState): string {
  const lines = [
    ...(ready ? ['READY=1'] : []),
    ...(stopping ? ['STOPPING=1'] : []),
    ...(watchdog ? ['WATCHDOG=1'] : []),
    ...(status === undefined ? [] : [`STATUS=${status.slice(0, STATUS_LIMIT).replaceAll(/\p{Cc}/gu, ' ')}`]),
  ];
  return lines.join('\n');
}
