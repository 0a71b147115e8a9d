import { fail, type Result } from '../../core/base/result.ts';
import type { ListenCode } from './port.ts';

export type Where = { readonly host: string; readonly port: number } | { readonly path: string };

/** Why a socket could not be bound, as one sentence that names it. */
export function listenFailure(error: NodeJS.ErrnoException, where: Where): Result<never, ListenCode> {
  const what = 'path' in where ? where.path : `${where.host} port ${where.port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return fail('in_use', `cannot listen on ${what}: another program does already`, error);
    case 'EACCES':
    case 'EPERM':
      return fail(
        'denied',
        `cannot listen on ${what}: ${'path' in where ? 'its folder is missing or not writable' : 'not permitted (a port below 1024 needs CAP_NET_BIND_SERVICE)'}`,
        error,
      );
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return fail('bad_address', `cannot listen on ${what}: this host has no such address`, error);
    case 'ENAMETOOLONG':
    case 'EINVAL':
      return fail('bad_address', `cannot listen on ${what}: ${error.message}`, error);
    default:
      return fail('failed', `cannot listen on ${what}: ${error.message}`, error);
  }
}
