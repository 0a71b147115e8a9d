/** The lines of a declaration, without comments and empty ones; a word list's first words. */
export const declarationOf = (text: string): readonly string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
