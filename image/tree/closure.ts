/** A package that the product needs to run, as the lockfile pins it. */
export interface LockedPackage {
  /** Folder from the checkout, e.g. `node_modules/tsyringe/node_modules/tslib`. */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  /** As the package says, an SPDX expression; `undefined` when it says nothing. */
  readonly licence: string | undefined;
}

/** The part of `package-lock.json` (version 3) that is read here. */
export interface Lockfile {
  readonly packages: Readonly<Record<string, LockEntry>>;
}

interface LockEntry {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/**
 * What a production installation for a processor holds, in the order of the paths: neither what only developing takes,
 * nor what is for other systems.
 * @param cpu as Node calls it, e.g. `x64`
 */
export function productionPackages({ packages }: Lockfile, cpu: string): readonly LockedPackage[] {
  const fits = (wanted: readonly string[] | undefined, ours: string) => wanted === undefined || wanted.includes(ours);
  return Object.entries(packages)
    .filter(([path, { dev, devOptional }]) => path !== '' && dev !== true && devOptional !== true)
    .filter(([, entry]) => fits(entry.os, 'linux') && fits(entry.cpu, cpu))
    .map(([path, { version = '', license }]) => ({ path, name: nameAt(path), version, licence: license }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Paths of the packages that these need, themselves included, as Node finds them: the nearest folder upward. */
export function reachedFrom(names: readonly string[], { packages }: Lockfile): ReadonlySet<string> {
  const reached = new Set<string>();
  const open = names.map((name) => nearest(name, '', packages));
  for (let path = open.pop(); path !== undefined || open.length > 0; path = open.pop()) {
    if (path === undefined || reached.has(path)) continue;
    reached.add(path);
    const { dependencies = {}, optionalDependencies = {} } = packages[path] ?? {};
    const from = path;
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies }))
      open.push(nearest(name, from, packages));
  }
  return reached;
}

function nearest(name: string, from: string, packages: Lockfile['packages']): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const path = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (packages[path] !== undefined) return path;
    if (folder === '') return undefined;
  }
}

const nameAt = (path: string): string => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** The package that is Node itself; it is not installed among the modules but as `/usr/lib/bartizan/node`. */
export const isNode = ({ name }: LockedPackage): boolean => /^node-linux-(?:x64|arm64)$/.test(name);

const LICENCE = /^(?:licen[cs]e|copying|notice|.*_licen[cs]e)(?:[.-].*)?$/i;
/** Folders at the top of a package that its users never load. */
const ASIDE = /^(?:tests?|docs?|examples?|bench(?:marks?)?|\.github|browser)\//;
/** Types, maps, sources of what is there compiled, and papers. */
const FOR_DEVELOPERS =
  /\.(?:[cm]?ts|map|md|markdown|cc|h|gyp|gypi|sh|html|ico|flow)$|(?:^|\/)(?:tsconfig.*\.json|eslint\..*)$/i;

/** Whether a text is one under which a package is given. */
export const isLicence = (file: string): boolean => LICENCE.test(file.slice(file.lastIndexOf('/') + 1));

/**
 * Whether the program needs a file of a package. Left out are papers, types and sources, and addons for other systems,
 * which would be two thirds of everything. Licences always stay.
 * @param file from the package's folder
 * @param abi of the addons of the Node that is shipped, e.g. 137
 */
export function isShipped(
  name: string,
  file: string,
  { cpu, abi }: { readonly cpu: string; readonly abi: string },
): boolean {
  if (isLicence(file)) return true;
  if (ASIDE.test(file) || FOR_DEVELOPERS.test(file)) return false;
  if (name === '@btc-vision/uwebsockets.js' && file.endsWith('.node')) return file === `uws_linux_${cpu}_${abi}.node`;
  // What its addon was compiled from.
  if (name === 'classic-level' && file.startsWith('deps/')) return false;
  if (file.startsWith('prebuilds/')) return file.startsWith(`prebuilds/linux-${cpu}/`) && !file.includes('.musl.');
  // Both families in one; the two that hold one each are read.
  return file !== 'geo-whois-asn-country.mmdb';
}
