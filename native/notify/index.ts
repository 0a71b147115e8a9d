export type * from './port.ts';
export { ServiceManager, type ServiceState } from './service-manager.ts';

import { createRequire } from 'node:module';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { refusal } from './failure.ts';
import type { DatagramCode, DatagramPort } from './port.ts';

/** What notify.node exports. */
interface NotifyAddon {
  readonly Port: new () => Engine;
}

interface Engine {
  /** @returns 0 or an errno */
  send(path: string, bytes: Uint8Array): number;
  close(): void;
}

/** Opens nothing yet: the socket is made with the first datagram. */
export function openDatagrams(): Result<DatagramPort, 'rejected'> {
  try {
    const addon = createRequire(import.meta.url)('./notify.node') as NotifyAddon;
    return ok(new EnginePort(new addon.Port()));
  } catch (thrown) {
    return fail('rejected', `the notify addon does not run (\`npm run build\` makes it): ${messageOf(thrown)}`, thrown);
  }
}

class EnginePort implements DatagramPort {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  send(path: string, bytes: Uint8Array): Result<void, DatagramCode> {
    const errno = this.#engine.send(path, bytes);
    return errno === 0 ? ok(undefined) : refusal(path, errno);
  }

  close(): void {
    this.#engine.close();
  }
}
