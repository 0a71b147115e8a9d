import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, posix } from 'node:path';

export interface SourceFile {
  /** From the checkout, with `/`. */
  readonly path: string;
  readonly text: string;
}

export interface Import {
  readonly from: string;
  /** As written: `../base/ip.ts`, `node:fs`, `yaml`. */
  readonly written: string;
  /** A file of the checkout, a module of Node, or a package of the registry. */
  readonly kind: 'file' | 'node' | 'package';
  /** Path of the file; otherwise as written. */
  readonly target: string;
  /** Hands on what it imports (`export … from`). */
  readonly exported: boolean;
}

const FOLDERS = ['core', 'actors', 'native', 'proto', 'image', 'systemd', 'test'];
const WRITTEN_BY_HAND = /(?:\.(?:ts|cc|c|h|css|html|service|socket|conf)|\/[a-z-]+)$/;

/** Every source file written by hand under the checkout: programs, scripts without an extension, console pages, units. */
export function readSources(root: string): readonly SourceFile[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => posix.relative(root, join(entry.parentPath, entry.name)))
      .filter(
        (path) =>
          WRITTEN_BY_HAND.test(path) && !/^(?:native\/[^/]+\/build|proto\/generated|test\/fixtures)\//.test(path),
      ),
  )
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

export const isTypeScript = (file: SourceFile): boolean => file.path.endsWith('.ts');

const STRING_OR_COMMENT =
  /(?<string>'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;

/** The text without comments; with `strings: 'blank'` without the contents of strings too (templates hold code and stay). */
export const codeOf = (text: string, strings: 'keep' | 'blank'): string =>
  text.replace(STRING_OR_COMMENT, (found, string: string | undefined) => {
    if (string !== undefined) return strings === 'keep' ? found : "''";
    return found.startsWith('`') ? found : ' ';
  });

const IMPORT =
  /\b(?<verb>import|export)\b(?:\s+type\b)?(?:[\s\w$*,{}]*?\bfrom)?\s*\(?\s*(?<quote>['"])(?<written>[^'"\n]+)\k<quote>/g;

/** What a TypeScript file imports, statically or by `import()`. */
export function importsOf(file: SourceFile): readonly Import[] {
  return [...codeOf(file.text, 'keep').matchAll(IMPORT)].map((match) => {
    const written = match.groups?.['written'] ?? '';
    const kind = written.startsWith('.') ? 'file' : isBuiltin(written) ? 'node' : 'package';
    const target = kind === 'file' ? posix.join(posix.dirname(file.path), written) : written;
    return { from: file.path, written, kind, target, exported: match.groups?.['verb'] === 'export' };
  });
}
