/**
 * Build step, after tsc: makes of the program's thousand modules a few files in dist/bundle, which is what runs. A start
 * takes half the processor time and 15 MB less (docs/performance.md). Addons, and what loads them, stay outside. In
 * place of source maps, which Node would read whole at every start, each file gets a table of its lines.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';
import { lineTable, lineTableBytes } from '../../core/base/line-table.ts';
import { PROGRAM_HASH } from '../../core/base/program-hash.ts';
import { CERTIFICATES, KEPT_SCRIPTS, PIPELINE_THREAD } from './code/scripts.ts';
import { OUTSIDE } from './outside.ts';
import {
  BUNDLE,
  certificatesApart,
  certificatesKept,
  DIST,
  daemonKept,
  hashesByNode,
  httpWithoutFetch,
  levelWithoutAddon,
  ownPlace,
  PATTERNS,
  patternsApart,
  REQUIRE_KEPT,
} from './plugins.ts';

const PROGRAM = 'actors/main';
/** What is started by its own name: the program, a thread, and the helpers that run in other namespaces. */
const ENTRIES = [
  PROGRAM,
  'actors/segments/searcher',
  'actors/packets/outside-sender',
  'actors/change/probes/outside-client',
  'actors/change/probes/packet-room',
] as const;

const COMMON: BuildOptions = {
  absWorkingDir: DIST,
  bundle: true,
  platform: 'node',
  target: 'node24',
  legalComments: 'none',
  logLevel: 'warning',
};

const BUNDLED: BuildOptions = {
  ...COMMON,
  outdir: BUNDLE,
  write: false,
  sourcemap: 'external',
  sourcesContent: false,
  chunkNames: 'part-[hash]',
  external: ['*.node', '*.cjs', ...OUTSIDE],
};
const PLUGINS = [httpWithoutFetch, hashesByNode, levelWithoutAddon, patternsApart];

const MODULES: BuildOptions = {
  ...BUNDLED,
  format: 'esm',
  plugins: [ownPlace('import.meta.url'), certificatesApart, daemonKept, ...PLUGINS],
  // Packages of the other module system ask for Node's own modules by it.
  banner: {
    js: "import { createRequire as bundleRequire } from 'node:module'; const require = bundleRequire(import.meta.url);",
  },
};

const SCRIPTS: BuildOptions = {
  ...BUNDLED,
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  plugins: [ownPlace('bundleUrl'), certificatesKept, ...PLUGINS],
  // As strict as modules are.
  banner: { js: "'use strict'; const bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
  define: { 'import.meta.dirname': '__dirname' },
  // A script whose code is kept can import nothing.
  supported: { 'dynamic-import': false },
  logOverride: { 'empty-import-meta': 'error' },
};

rmSync(BUNDLE, { recursive: true, force: true });
/** Threads and helpers share no memory with the program: one file each costs less to find than the parts they share with it. */
const modules = ENTRIES.map((entry) =>
  build({
    ...MODULES,
    entryPoints: [{ in: join(DIST, `${entry}.js`), out: basename(entry) }],
    splitting: entry === PROGRAM,
  }),
);
const scripts = Object.entries(KEPT_SCRIPTS).map(([name, { entry }]) =>
  build({ ...SCRIPTS, entryPoints: [{ in: join(DIST, `${entry}.js`), out: basename(name, '.cjs') }] }),
);
const outputFiles = (await Promise.all([...modules, ...scripts])).flatMap((made) => made.outputFiles ?? []);
mkdirSync(BUNDLE);
await build({
  ...COMMON,
  stdin: {
    contents: `import { requireKept } from ${JSON.stringify(REQUIRE_KEPT)}; requireKept(__dirname + '/pipeline.cjs');`,
    resolveDir: DIST,
  },
  outfile: join(DIST, PIPELINE_THREAD),
  format: 'cjs',
});
// They ask for a piece of their generator, which is not installed.
const validators = join(DIST, 'generated/validators.cjs');
const LIBRARY: BuildOptions = { ...COMMON, format: 'cjs' };
await build({ ...LIBRARY, entryPoints: [validators], outfile: validators, allowOverwrite: true });
const certificates = join(DIST, CERTIFICATES);
await build({
  ...LIBRARY,
  entryPoints: [join(DIST, 'actors/identity/x509.js')],
  outfile: certificates,
  mainFields: ['main'],
  conditions: ['require'],
});
writeFileSync(certificates, inAscii(readFileSync(certificates, 'utf8')));
const patterns = fileURLToPath(import.meta.resolve('re2js'));
await build({ ...LIBRARY, entryPoints: [patterns], outfile: join(DIST, PATTERNS) });
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
  for (const file of files.filter((name) => /^bundle\/.*\.c?js$|^generated\/.*\.cjs$|\.node$/.test(name)).sort()) {
    hash.update(`${file}\0`).update(readFileSync(join(DIST, file)));
  }
  return hash.digest('hex');
}
