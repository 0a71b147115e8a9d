import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import { SUITE } from '../rootfs/archive.ts';
import type { Pin } from '../rootfs/lock.ts';
import { isLicence, type LockedPackage } from '../tree/closure.ts';
import { type Component, debianPurl, licencesOf, npmPurl } from './component.ts';
import { type LicenceText, referredTo } from './licences.ts';

export interface Inventory {
  readonly parts: readonly Component[];
  readonly texts: readonly LicenceText[];
}

/**
 * Debian's packages of the image, with their copyright files.
 * @param roots where packages were unpacked, with their /usr/share/doc
 * @throws when a package has no copyright file, which Debian's policy gives each one, or none that names a licence
 */
export function debianInventory(pins: readonly Pin[], roots: readonly string[]): Inventory {
  const parts: Component[] = [];
  const texts: LicenceText[] = [];
  for (const { name, version, architecture, sha256 } of pins.filter((pin) => pin.role !== 'build')) {
    const file = roots.map((root) => join(root, 'usr/share/doc', name, 'copyright')).find((one) => existsSync(one));
    if (file === undefined) throw new Error(`${name} ${version} has no copyright file`);
    const text = readFileSync(file, 'utf8');
    texts.push({ of: `${name} ${version} (Debian)`, text });
    const purl = debianPurl(name, version, architecture, SUITE);
    const licences = licencesOf(text);
    if (licences.length === 0) throw new Error(`${name} ${version}: its copyright file names no licence that is known`);
    parts.push({ origin: 'debian', name, version, purl, licences, sha256 });
  }
  const common = referredTo(texts).flatMap((name) => {
    const file = roots.map((root) => join(root, 'usr/share/common-licenses', name)).find((one) => existsSync(one));
    return file === undefined ? [] : [{ of: `common licence ${name}`, text: readFileSync(realpathSync(file), 'utf8') }];
  });
  return { parts, texts: [...texts, ...common] };
}

/**
 * npm's packages of the image, Node among them, with the licences at the top of their folders.
 * @throws when one does not say its licence, or neither it nor we have the text of it
 */
export function npmInventory(checkout: string, packages: readonly LockedPackage[]): Inventory {
  const texts = packages.flatMap((one) => textsOf(checkout, one));
  const parts = packages.map(({ name, version, licence }) => ({
    origin: 'npm' as const,
    name,
    version,
    purl: npmPurl(name, version),
    licences: [licence ?? unsaid(`${name} ${version} (npm) does not say its licence`)],
  }));
  return { parts, texts };
}

/** Of licences whose text is the same for everybody: some packages name one and leave the text out. */
const TEXTS = 'image/sbom/texts';

function textsOf(checkout: string, { path, name, version, licence = '' }: LockedPackage): readonly LicenceText[] {
  const of = `${name} ${version} (npm)`;
  const files = readdirSync(join(checkout, path))
    .filter((file) => isLicence(file))
    .toSorted()
    .map((file) => join(checkout, path, file));
  const general = join(checkout, TEXTS, `${licence}.txt`);
  if (files.length === 0 && !existsSync(general))
    unsaid(`${of} has no text of its licence (${licence || 'none is named'})`);
  return (files.length === 0 ? [general] : files).map((file) => ({ of, text: readFileSync(file, 'utf8') }));
}

function unsaid(what: string): never {
  throw new Error(what);
}

/** The program, and each of its native parts. */
export function ownInventory(checkout: string, version: string, binaries: readonly string[]): Inventory {
  const licence = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as { license: string };
  const part = (name: string, description: string): Component => ({
    origin: 'own',
    name,
    version,
    purl: `pkg:generic/${name}@${encodeURIComponent(version)}`,
    licences: [licence.license],
    description,
  });
  const native = binaries
    .filter((file) => file.includes('/dist/native/'))
    .map((file) => part(`bartizan-${basename(file).replace(/\.node$/, '')}`, `native part: /${file}`));
  const text = { of: `bartizan ${version}`, text: readFileSync(join(checkout, 'LICENSE'), 'utf8') };
  return { parts: [part('bartizan', 'the program'), ...native], texts: [text] };
}
