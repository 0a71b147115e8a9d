import type { Principal } from '../../core/api/auth.ts';
import { seconds } from '../../core/base/time.ts';
import type { Service } from '../supervisor/index.ts';
import { clearSocketPath } from './effects.ts';
import type { Front } from './front.ts';
import { opened } from './opened.ts';
import type { HttpEnginePort, Listener } from './port.ts';

export interface ControlSocketOptions {
  readonly front: Front;
  readonly engine: HttpEnginePort;
  /** Socket file for the command line, in a folder that only root may enter. */
  readonly path: string;
}

/** Root on the local socket: the file's mode is the proof. */
const ROOT: Principal = { kind: 'local', name: 'root', scopes: ['admin'] };

const GRACE = seconds(5);

/** The API for root on this host. It needs no port and no certificate, so it is there when HTTPS is not. */
export function controlSocket({ front, engine, path }: ControlSocketOptions): Service {
  let listener: Listener | undefined;
  return {
    id: 'control-socket',
    async start() {
      const serve = await front.serve();
      if (!(await clearSocketPath(path))) {
        throw new Error(`cannot listen on ${path}: a running Bartizan answers there, or it is no socket`);
      }
      listener = opened(await engine.listenLocal(path, ROOT, serve, { onRefused: front.onRefused }));
    },
    async stop() {
      const last = listener;
      listener = undefined;
      await last?.stop(GRACE);
    },
  };
}
