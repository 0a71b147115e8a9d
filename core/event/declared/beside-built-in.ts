import { isEvent, type Parser, type RawLine } from '../event.ts';
import { isOfUnit } from '../sender.ts';
import type { ParserDeclaration } from './declaration.ts';

/**
 * A parser of many programs that leaves to declared ones what it cannot read itself: lines of the programs that they
 * name, and of the journal what is of the units that they name. Whoever names no unit reads nothing of the journal, where
 * it would all be spoofable, and whoever names no program either reads files of his own only.
 * @param parsers the declared ones by name
 */
export function withDeclared(
  builtIn: Parser,
  declared: readonly ParserDeclaration[],
  parsers: ReadonlyMap<string, Parser>,
): Parser {
  const others = declared.flatMap((declaration) => {
    const parse = parsers.get(declaration.name);
    return parse !== undefined && isForMany(declaration) ? [{ declaration, parse }] : [];
  });
  if (others.length === 0) return builtIn;
  return (line) => {
    const parsed = builtIn(line);
    if (isEvent(parsed)) return parsed;
    if (parsed.unparsed !== 'other-program' && parsed.unparsed !== 'unknown-message') return parsed;
    for (const { declaration, parse } of others) {
      if (!mayRead(declaration, line)) continue;
      const found = parse(line);
      if (isEvent(found)) return found;
    }
    return parsed;
  };
}

const isForMany = ({ programs, units }: ParserDeclaration): boolean => programs !== undefined || units !== undefined;

/** Where programs are named the parser itself looks at the tag. */
function mayRead({ programs, units }: ParserDeclaration, { sender }: RawLine): boolean {
  if (sender === undefined) return programs !== undefined;
  return units !== undefined && (programs !== undefined || isOfUnit(units, sender.unit));
}
