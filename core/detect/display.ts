const PLAIN = /^[\w.@-]+$/;

const PRINTABLE_ASCII = /^[ -~]$/;

/** Neither control, format (bidirectional overrides, zero width), private or unassigned, lone surrogate, nor separator. */
const VISIBLE = /^[^\p{C}\p{Zl}\p{Zp}]$/u;

/**
 * Attacker-chosen text for use inside a sentence: at most `length` characters, quoted unless plain, and every character
 * that does not show as itself written `\u{…}`. The result keeps nothing of the line it was cut from alive.
 */
export function displayName(name: string, length = 32): string {
  // Put together and cut, it is a text of its own, at a tenth of what `detached` costs: V8 makes it flat before it cuts it.
  if (name.length <= length && PLAIN.test(name)) return ` ${name}`.slice(1);
  const characters = Array.from(name.slice(0, length * 2));
  const shown = characters.slice(0, length);
  const rest = shown.length < characters.length || name.length > length * 2 ? '…' : '';
  const plain = shown.join('');
  return PLAIN.test(plain) ? plain + rest : `"${shown.map(escapeCharacter).join('')}${rest}"`;
}

/** `root, admin, "a b", …`: the first `limit` of them, in order of appearance. */
export function displayList(names: ReadonlySet<string>, limit: number): string {
  const shown = [...names].slice(0, limit);
  return (names.size > limit ? [...shown, '…'] : shown).join(', ');
}

const escapeCharacter = (character: string): string => {
  if (character === '"' || character === '\\') return `\\${character}`;
  return PRINTABLE_ASCII.test(character) || VISIBLE.test(character)
    ? character
    : `\\u{${character.codePointAt(0)?.toString(16)}}`;
};
