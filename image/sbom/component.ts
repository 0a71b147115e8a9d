/** A part of the image that somebody made and licensed. */
export interface Component {
  readonly origin: 'debian' | 'npm' | 'own';
  readonly name: string;
  readonly version: string;
  /** Package URL: what vulnerability databases know it by. */
  readonly purl: string;
  /** SPDX identifiers and expressions, or, from Debian's copyright files, the short names used there. Never empty in an image. */
  readonly licences: readonly string[];
  /** Of the package file as it was fetched, hexadecimal. */
  readonly sha256?: string;
  readonly description?: string;
}

/** A package URL writes percent signs for what its parts may not hold (a `+` in a version among them). */
const quoted = (text: string): string => encodeURIComponent(text).replaceAll('~', '~').replaceAll('%3A', ':');

export const debianPurl = (name: string, version: string, architecture: string, suite: string): string =>
  `pkg:deb/debian/${quoted(name)}@${quoted(version)}?arch=${architecture}&distro=${suite}`;

export const npmPurl = (name: string, version: string): string =>
  `pkg:npm/${name.split('/').map(encodeURIComponent).join('/')}@${quoted(version)}`;

/**
 * The licences that a Debian copyright file names, sorted: the short names of the machine-readable form (DEP-5); from one
 * of free text the common licences it refers to, else the versions of the GNU licences that it speaks of.
 */
export function licencesOf(copyright: string): readonly string[] {
  const found = [shortNames(copyright), commonNames(copyright), gnuNames(copyright)].find(({ length }) => length > 0);
  return [...new Set(found)].toSorted();
}

const shortNames = (copyright: string): readonly string[] =>
  /^Format:/im.test(copyright.slice(0, 2000))
    ? [...copyright.matchAll(/^License:[ \t]*(\S.*)$/gim)].map(([, name = '']) => name.trim())
    : [];

const commonNames = (copyright: string): readonly string[] =>
  [...copyright.matchAll(/\/usr\/share\/common-licenses\/([A-Za-z0-9.-]*[A-Za-z0-9])/g)].map(([, name = '']) => name);

const gnuNames = (copyright: string): readonly string[] =>
  [
    ...copyright.matchAll(
      /GNU\s+(Lesser\s+|Library\s+)?General\s+Public\s+License,?\s+version\s+(\d(?:\.\d)?)(\s+\(?or,?[^)]{0,40}later)?/gi,
    ),
  ].map(
    ([, lesser, version, later]) => `${lesser === undefined ? '' : 'L'}GPL-${version}${later === undefined ? '' : '+'}`,
  );
