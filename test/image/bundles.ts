import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BUILD } from '../../image/assemble.ts';
import { makeKernelSlot } from '../../image/boot/kernel-slot.ts';
import { type Authority, findAuthority } from '../../image/bundle/authority.ts';
import { makeBundle } from '../../image/bundle/bundle.ts';
import { COMPATIBLE } from '../../image/layout.ts';
import { squash } from '../../image/rootfs/squash.ts';
import { LAB } from '../../image/tree/authority.ts';
import { sourceDateEpoch } from '../../image/tree/checkout.ts';
import { flipped } from './media/damage.ts';
import type { Bundles } from './story/site.ts';

const run = promisify(execFile);
/** Quick: nobody keeps what tests install. */
const LEVEL = 3;

/** A version that differs from the image under test by its number, and by what `change` does to its root. */
interface Variant {
  readonly version: string;
  readonly change?: (root: string) => void;
}

/**
 * A program that the unit of the net hand starts, and that ends at once: the daemon of such a version runs and answers,
 * and cannot block anything. That is what an unhealthy version looks like.
 */
function breakHand(root: string): void {
  const hand = join(root, 'usr/lib/bartizan/dist/native/hands/net/net-hand');
  if (!existsSync(hand)) throw new Error('the root has no net hand to break');
  rmSync(hand);
  writeFileSync(hand, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
}

/** The root of the image under test as another version, squashed with its hash tree, and its bundle. */
async function makeVariant(of: string, folder: string, { version, change }: Variant, authority: Authority) {
  const base = join(BUILD, 'work', of);
  const work = join(folder, version);
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const root = join(work, 'root');
  await run('cp', ['--archive', '--reflink=auto', join(base, 'root'), root]);
  const release = join(root, 'usr/lib/os-release');
  writeFileSync(release, readFileSync(release, 'utf8').replaceAll(of, version));
  change?.(root);
  const epoch = sourceDateEpoch();
  const image = join(work, 'root.img');
  const verity = await squash(root, image, { version, epoch, level: LEVEL, without: ['usr/bin/busybox'] });
  rmSync(root, { recursive: true });
  const parts = { vmlinuz: join(base, 'vmlinuz'), initrd: join(base, 'initrd.img') };
  const kernel = await makeKernelSlot({ ...parts, verity, version, epoch, out: join(work, 'kernel.img') });
  return { kernel, root: image, version, compatible: COMPATIBLE, epoch, authority, work: join(work, 'bundle') };
}

/** An authority that no appliance knows, which signs as the real one does. */
async function foreignAuthority(folder: string): Promise<Authority> {
  const at = (name: string): string => join(folder, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const openssl = (...args: readonly string[]) => run('openssl', args);
  mkdirSync(folder, { recursive: true });
  await openssl(
    'req',
    '-x509',
    ...key,
    ...['-keyout', at('ca.key'), '-out', at('ca.pem'), '-days', '3650'],
    ...['-subj', '/O=Somebody else/CN=root'],
  );
  await openssl(
    'req',
    ...key,
    ...['-keyout', at('signing.key'), '-out', at('signing.csr')],
    ...['-subj', '/O=Somebody else/CN=signing'],
  );
  writeFileSync(at('extensions'), 'keyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\n');
  await openssl(
    'x509',
    '-req',
    '-in',
    at('signing.csr'),
    '-CA',
    at('ca.pem'),
    '-CAkey',
    at('ca.key'),
    '-CAcreateserial',
    ...['-days', '3650', '-out', at('signing.pem'), '-extfile', at('extensions')],
  );
  return {
    ca: at('ca.pem'),
    trusted: at('ca.pem'),
    certificate: at('signing.pem'),
    key: at('signing.key'),
    isLab: false,
  };
}

/** All bundles of a run. Those of the same image are made once. @param of version of the image under test */
export async function makeBundles(of: string, folder: string, say: (line: string) => void): Promise<Bundles> {
  const at = (name: string): string => join(folder, name);
  const [updateVersion, unhealthyVersion] = [`${of}+update`, `${of}+unhealthy`];
  const bundles: Bundles = {
    update: at('update.raucb'),
    updateVersion,
    unhealthy: at('unhealthy.raucb'),
    unhealthyVersion,
    foreign: at('foreign.raucb'),
    damaged: at('damaged.raucb'),
    short: at('short.raucb'),
  };
  const verity = readFileSync(join(BUILD, 'work', of, 'verity.json'), 'utf8');
  if (existsSync(at('made-of')) && readFileSync(at('made-of'), 'utf8') === verity) return bundles;
  say('making the bundles of the test');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const authority = await findAuthority(LAB, process.env);
  const update = await makeVariant(of, folder, { version: updateVersion }, authority);
  await makeBundle({ ...update, out: bundles.update });
  await makeBundle({ ...update, authority: await foreignAuthority(at('foreign')), out: bundles.foreign });
  const unhealthy = await makeVariant(of, folder, { version: unhealthyVersion, change: breakHand }, authority);
  await makeBundle({ ...unhealthy, out: bundles.unhealthy });
  for (const version of [updateVersion, unhealthyVersion]) rmSync(at(version), { recursive: true });
  writeFileSync(bundles.damaged, flipped(readFileSync(bundles.update)));
  cpSync(bundles.update, bundles.short);
  truncateSync(bundles.short, Math.floor(readFileSync(bundles.update).length / 2));
  writeFileSync(at('made-of'), verity);
  return bundles;
}
