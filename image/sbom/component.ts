/** A part of the image that somebody made and licensed. */
export interface Component {
  readonly origin: 'debian' | 'npm' | 'own';
  readonly name: string;
  readonly version: string;
  /** Package URL: what vulnerability databases know it by. */
  readonly purl: string;
  /** SPDX identifiers and expressions, or, from Debian's copyright files, the short names used there. Empty: not known. */
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
 * The short names of the licences in a Debian copyright file of the machine-readable form (DEP-5), sorted; none from a
 * file of free text.
 */
export function licencesOf(copyright: string): readonly string[] {
  if (!/^Format:/im.test(copyright.slice(0, 2000))) return [];
  const names = [...copyright.matchAll(/^License:[ \t]*(\S.*)$/gim)].map(([, name = '']) => name.trim());
  return [...new Set(names)].toSorted();
}
