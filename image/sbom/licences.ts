/** A text under which parts of the image are given. */
export interface LicenceText {
  /** Whose it is, e.g. `zlib1g 1:1.3.dfsg` */
  readonly of: string;
  readonly text: string;
}

const RULE = '='.repeat(100);

/** All texts in one, each once, under the names of all the parts that have it; sorted, so that two builds agree. */
export function licencesText(version: string, texts: readonly LicenceText[]): string {
  const owners = new Map<string, string[]>();
  for (const { of, text } of texts.toSorted((a, b) => (a.of < b.of ? -1 : 1))) {
    const known = owners.get(text.trimEnd());
    if (known === undefined) owners.set(text.trimEnd(), [of]);
    else if (!known.includes(of)) known.push(of);
  }
  const parts = [...owners].map(([text, names]) => `${RULE}\n${names.join('\n')}\n${RULE}\n\n${text}\n`);
  return `Licences and copyright notices of Bartizan ${version} and of everything in its image\n\n${parts.join('\n')}`;
}

/** Licences that copyright files refer to instead of quoting them: names below /usr/share/common-licenses. */
export const referredTo = (texts: readonly LicenceText[]): readonly string[] =>
  [
    ...new Set(
      texts.flatMap(({ text }) =>
        [...text.matchAll(/\/usr\/share\/common-licenses\/([A-Za-z0-9.-]*[A-Za-z0-9])/g)].map(([, name = '']) => name),
      ),
    ),
  ].toSorted();
