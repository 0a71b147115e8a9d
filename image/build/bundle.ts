/**
 * Build step, after tsc: makes of the program's thousand modules a few files in dist/bundle, which is what runs. A start
 * takes half the processor time and 15 MB less (docs/performance.md). Addons, and what loads them, stay outside. In
 * place of source maps, which Node would read whole at every start, each file gets a table of its lines.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { lineTable, lineTableBytes } from '../../core/base/line-table.ts';
import { PROGRAM_HASH } from '../../core/base/program-hash.ts';
import { OUTSIDE } from './outside.ts';

const DIST = fileURLToPath(new URL('../../', import.meta.url));
const BUNDLE = join(DIST, 'bundle');

const PROGRAM = 'actors/main';
/** What is started by its own name: the program, its threads, and the helpers that run in other namespaces. */
const ENTRIES = [
  PROGRAM,
  'actors/pipeline/worker',
  'actors/segments/searcher',
  'actors/packets/outside-sender',
  'actors/change/probes/outside-client',
  'actors/change/probes/packet-room',
] as const;

const LEVEL = fileURLToPath(import.meta.resolve('classic-level'));

const NAMED_ENTRY = /new URL\('\.\/[\w-]+\.js', $/;

/**
 * `import.meta.url` stays what it was before: the place of the module's own file, from which addons, generated files and
 * the console's pages are found. Threads and helpers lie beside the bundle's files.
 */
const ownPlace: Plugin = {
  name: 'own-place',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\.js$/ }, ({ path }) => {
      if (!path.startsWith(DIST)) return undefined;
      const parts = readFileSync(path, 'utf8').split('import.meta.url');
      if (parts.length === 1) return undefined;
      const place = `new URL(${JSON.stringify(relative(BUNDLE, path))}, import.meta.url).href`;
      const contents = parts.reduce((text, part) => text + (NAMED_ENTRY.test(text) ? 'import.meta.url' : place) + part);
      return { contents, loader: 'js', resolveDir: dirname(path) };
    });
  },
};

/**
 * An import of a module of Node's asks it for all that it exports, and `node:http` then loads a whole fetch client: 25 ms
 * of a start. Taken out of the module itself, only what is named is asked for.
 */
const httpWithoutFetch: Plugin = {
  name: 'http-without-fetch',
  setup: ({ onLoad, onResolve }) => {
    onResolve({ filter: /^node:http$/ }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'taken-out' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'taken-out' }, ({ path }) => ({
      contents: `export const { METHODS, STATUS_CODES, createServer, request } = process.getBuiltinModule('${path}');`,
      loader: 'js',
    }));
  },
};

/**
 * What is pure has a library's SHA-256, which every finding and every decision about one goes through. Here Node's own
 * does it, in a fraction of the time and with nothing to compile.
 */
const hashesByNode: Plugin = {
  name: 'hashes-by-node',
  setup: ({ onLoad, onResolve }) => {
    onResolve({ filter: /^@noble\/hashes\/sha2\.js$/ }, () => ({ path: 'bytes', namespace: 'by-node' }));
    onResolve({ filter: /^\.\/text-hash\.js$/ }, () => ({ path: 'text', namespace: 'by-node' }));
    onLoad({ filter: /.*/, namespace: 'by-node' }, ({ path }) => ({
      contents: `const { hash } = process.getBuiltinModule('node:crypto');
export const ${path === 'text' ? "sha256OfText = (text) => hash('sha256', text)" : "sha256 = (bytes) => hash('sha256', bytes, 'buffer')"};`,
      loader: 'js',
    }));
  },
};

/** The store's library comes along, thirty small files of it; what loads its addon from beside itself stays where it is. */
const levelWithoutAddon: Plugin = {
  name: 'level-without-addon',
  setup: ({ onResolve }) => {
    onResolve({ filter: /^classic-level$/ }, () => ({ path: LEVEL }));
    onResolve({ filter: /^\.\/binding$/ }, ({ importer }) =>
      dirname(importer) === dirname(LEVEL) ? { path: 'classic-level/binding.js', external: true } : undefined,
    );
  },
};

/**
 * The library of certificates is loaded at the first start, and then once in a year. It counts on each of its packages
 * being there once, which some have in two forms: made into a file of its own, all in the one form, it takes less than
 * half of what its eighty files took, and 9 MB less.
 */
const CERTIFICATES = 'generated/certificates.cjs';
const certificatesApart: Plugin = {
  name: 'certificates-apart',
  setup: ({ onResolve }) => {
    onResolve({ filter: /^\.\/x509\.js$/ }, () => ({ path: `../${CERTIFICATES}`, external: true }));
  },
};

/** Patterns that people write are matched by a library that no start needs, unless its configuration has some. */
const PATTERNS = 'generated/patterns.cjs';
const patternsApart: Plugin = {
  name: 'patterns-apart',
  setup: ({ onLoad, onResolve }) => {
    onResolve({ filter: /^re2js$/ }, () => ({ path: 're2js', namespace: 'apart' }));
    onLoad({ filter: /.*/, namespace: 'apart' }, () => ({
      contents: `let library;
const loaded = () => (library ??= require('../${PATTERNS}').RE2JS);
export const RE2JS = {
  get CASE_INSENSITIVE() { return loaded().CASE_INSENSITIVE; },
  get DOTALL() { return loaded().DOTALL; },
  compile: (...given) => loaded().compile(...given),
};`,
      loader: 'js',
    }));
  },
};

const BUNDLED: BuildOptions = {
  absWorkingDir: DIST,
  outdir: BUNDLE,
  write: false,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  sourcemap: 'external',
  sourcesContent: false,
  legalComments: 'none',
  chunkNames: 'part-[hash]',
  external: ['*.node', '*.cjs', ...OUTSIDE],
  plugins: [ownPlace, httpWithoutFetch, hashesByNode, levelWithoutAddon, certificatesApart, patternsApart],
  // Packages of the other module system ask for Node's own modules by it.
  banner: {
    js: "import { createRequire as bundleRequire } from 'node:module'; const require = bundleRequire(import.meta.url);",
  },
  logLevel: 'warning',
};

rmSync(BUNDLE, { recursive: true, force: true });
/** Threads and helpers share no memory with the program: one file each costs less to find than the parts they share with it. */
const bundled = ENTRIES.map((entry) =>
  build({
    ...BUNDLED,
    entryPoints: [{ in: join(DIST, `${entry}.js`), out: basename(entry) }],
    splitting: entry === PROGRAM,
  }),
);
const outputFiles = (await Promise.all(bundled)).flatMap((made) => made.outputFiles ?? []);
mkdirSync(BUNDLE);
// They ask for a piece of their generator, which is not installed.
const validators = join(DIST, 'generated/validators.cjs');
await build({
  entryPoints: [validators],
  outfile: validators,
  allowOverwrite: true,
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node24',
  logLevel: 'warning',
});
await build({
  entryPoints: [join(DIST, 'actors/identity/x509.js')],
  outfile: join(DIST, CERTIFICATES),
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node24',
  mainFields: ['main'],
  conditions: ['require'],
  legalComments: 'none',
  logLevel: 'warning',
});
await build({
  entryPoints: [fileURLToPath(import.meta.resolve('re2js'))],
  outfile: join(DIST, PATTERNS),
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node24',
  legalComments: 'none',
  logLevel: 'warning',
});
for (const { path, text } of outputFiles) {
  if (!path.endsWith('.map')) {
    writeFileSync(path, inAscii(text));
    continue;
  }
  const { sources, mappings } = JSON.parse(text) as { readonly sources: readonly string[]; readonly mappings: string };
  // From the repository's root, as people name files.
  const named = sources.map((source) => relative(join(DIST, '..'), join(BUNDLE, source)));
  writeFileSync(path.replace(/\.map$/, '.lines'), lineTableBytes(lineTable(named, mappings)));
}
writeFileSync(join(DIST, PROGRAM_HASH), `${programHash()}\n`);

/**
 * One character beyond ASCII, be it in a comment, and the engine keeps and scans the whole file at two bytes a character.
 * What is left of them stands in comments and in patterns.
 * @throws where it would change what the code means: behind a backslash, in raw templates, at ends of lines
 */
function inAscii(code: string): string {
  const odd = /\\[^\0-\x7f]|[\u2028\u2029]|\braw`[^`]*[^\0-\x7f`]/.exec(code);
  if (odd !== null) throw new Error(`the bundle cannot be made ASCII: ${JSON.stringify(odd[0])}`);
  return code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Over names and bytes of all that runs. */
function programHash(): string {
  const hash = createHash('sha256');
  const files = readdirSync(DIST, { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => /^bundle\/.*\.js$|^generated\/.*\.cjs$|\.node$/.test(name)).sort()) {
    hash.update(`${file}\0`).update(readFileSync(join(DIST, file)));
  }
  return hash.digest('hex');
}
