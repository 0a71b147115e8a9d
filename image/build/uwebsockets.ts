/**
 * Build step, after tsc and the addons: sees to it that uWebSockets.js can be loaded. Its addon must be the very file
 * whose hash stands here. Where glibc is 2.38 or newer that is all; on an older host a copy that binds to our stand-in
 * for the missing functions is written beside it, into dist/native/glibc. When nothing helps, this says so and the
 * product serves with node:https.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { adaptedUws, loadUws, shippedUws } from '../../actors/http/uws/load.ts';
import { STANDS_IN_FOR, weakenVersion } from '../../native/glibc/index.ts';

/** SHA-256 of the addons of version 20.57.0 for Node 24 by processor. */
const PINNED: Readonly<Record<string, string>> = {
  x64: '98128405dba2fb608448e921a979530f70c946a2cc9889c15f2fa70c2d00ab05',
  arm64: '88618b30ddf6b2b62310db89f40a701616676352aac5e0f6184dd8ef876199ce',
};

/** The addon's bytes. @throws when they are not the pinned ones: somebody has changed them, or the version */
export function pinnedAddon(file: string, arch: string): Buffer {
  const bytes = readFileSync(file);
  const hash = createHash('sha256').update(bytes).digest('hex');
  if (hash !== PINNED[arch]) throw new Error(`${file} is not the pinned one: its SHA-256 is ${hash}`);
  return bytes;
}

/** @returns why the engine will not be there; `undefined` when it will */
function adapt(): string | undefined {
  const shipped = shippedUws();
  if (!existsSync(shipped)) return `there is no ${shipped}`;
  const bytes = pinnedAddon(shipped, process.arch);
  const asShipped = loadUws();
  if (asShipped.ok) return undefined;
  if (!asShipped.public.includes('glibc')) return asShipped.public;
  const adapted = weakenVersion(bytes, STANDS_IN_FOR);
  if (!adapted.ok) return adapted.public;
  writeFileSync(adaptedUws(), adapted.value);
  const loaded = loadUws();
  if (loaded.ok) return undefined;
  rmSync(adaptedUws());
  return loaded.public;
}

if (import.meta.main) {
  const trouble = adapt();
  if (trouble !== undefined) process.stderr.write(`HTTP will be served by node:https alone: ${trouble}\n`);
}
