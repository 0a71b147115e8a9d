import type { LockedPackage } from '../tree/closure.ts';

/** An npm package with the texts that say under what it is given. */
export interface Licensed extends LockedPackage {
  readonly texts: readonly string[];
}

/** The form's name is an address. */
const FORMAT = `https://${'www.debian.org'}/doc/packaging-manuals/copyright-format/1.0/`;

/** `/usr/share/doc/bartizan/copyright`, in Debian's machine-readable form 1.0. */
export const copyrightFile = (packages: readonly Licensed[]): string =>
  [
    `Format: ${FORMAT}
Upstream-Name: bartizan

Files: *
Copyright: the authors of Bartizan
License: Apache-2.0

License: Apache-2.0
 On Debian systems the text is in /usr/share/common-licenses/Apache-2.0, and in any case in
 /usr/lib/bartizan/licences/bartizan.
`,
    ...packages.map(stanza),
  ].join('\n');

const stanza = ({
  path,
  name,
  version,
  licence = 'not said',
  texts,
}: Licensed): string => `Files: usr/lib/bartizan/${path}/*
Comment: ${name} ${version}
Copyright: as the text says
License: ${licence} and the text of ${name}
${indented(texts.length === 0 ? `${name} says ${licence} and brings no text.` : texts.join('\n\n'))}
`;

/** As a field of several lines: a space before each, a dot for an empty one. */
const indented = (text: string): string =>
  text
    .trim()
    .split(/\r?\n/)
    .map((line) => (line.trim() === '' ? ' .' : ` ${line.trimEnd()}`))
    .join('\n');
