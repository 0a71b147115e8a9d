import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

export { weakenVersion } from './weaken.ts';

/** The symbol version that this folder stands in for. */
export const STANDS_IN_FOR = 'GLIBC_2.38';

/**
 * Makes the functions of glibc 2.38 that are missing on this host known to every addon loaded from now on. On a host
 * that has them it changes nothing.
 * @throws when the build did not make the addon
 */
export function provideGlibcFunctions(): void {
  const addon = fileURLToPath(new URL('./glibc.node', import.meta.url));
  process.dlopen({ exports: {} }, addon, constants.dlopen.RTLD_NOW | constants.dlopen.RTLD_GLOBAL);
}
