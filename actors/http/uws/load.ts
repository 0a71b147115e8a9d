import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fail, messageOf, ok, type Result } from '../../../core/base/result.ts';
import { provideGlibcFunctions, STANDS_IN_FOR } from '../../../native/glibc/index.ts';
import { DEFAULT_LIMITS } from '../port.ts';
import type { Uws } from './binding.ts';

const PACKAGE = '@btc-vision/uwebsockets.js';

/** File of the addon for this processor and Node; the same name in the package and beside our stand-in. */
const FILE = `uws_linux_${process.arch}_${process.versions.modules}.node`;

/** Where the build leaves a copy that binds to our stand-in, on a host whose glibc is too old for the original. */
export const adaptedUws = (): string => fileURLToPath(new URL(`../../../native/glibc/${FILE}`, import.meta.url));

/** The addon as the package ships it. @throws when the package is not installed */
export const shippedUws = (): string => join(dirname(createRequire(import.meta.url).resolve(PACKAGE)), FILE);

/** The engine, and which file of it: the package's own, or the build's copy that binds to our stand-in. */
export interface LoadedUws {
  readonly uws: Uws;
  readonly origin: 'shipped' | 'adapted';
}

/**
 * uWebSockets.js in this process: as shipped where glibc is 2.38 or newer, else the build's adapted copy. `public` of a
 * refusal says in half a sentence why there is none.
 */
export function loadUws(): Result<LoadedUws, 'unavailable'> {
  try {
    return ok({ uws: withHeaderLimit(() => dlopen(shippedUws())), origin: 'shipped' });
  } catch (thrown) {
    const text = messageOf(thrown);
    if (!text.includes(STANDS_IN_FOR)) return fail('unavailable', `uWebSockets.js cannot be loaded: ${text}`, thrown);
  }
  if (!existsSync(adaptedUws())) {
    return fail('unavailable', `uWebSockets.js needs glibc 2.38, and the build made no copy for an older one`);
  }
  try {
    provideGlibcFunctions();
    return ok({ uws: withHeaderLimit(() => dlopen(adaptedUws())), origin: 'adapted' });
  } catch (thrown) {
    return fail('unavailable', `the adapted uWebSockets.js cannot be loaded: ${messageOf(thrown)}`, thrown);
  }
}

function dlopen(file: string): Uws {
  const module = { exports: {} };
  process.dlopen(module, file);
  return module.exports as Uws;
}

const HEADER_LIMIT = 'UWS_HTTP_MAX_HEADERS_SIZE';

/** The addon reads its cap on headers from the environment, once, while it is loaded. */
function withHeaderLimit<V>(load: () => V): V {
  process.env[HEADER_LIMIT] = String(DEFAULT_LIMITS.headerBytes);
  try {
    return load();
  } finally {
    delete process.env[HEADER_LIMIT];
  }
}
