/** What becomes otherwise in the bundle than it stands in the modules. */
import { readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';
import { CERTIFICATES, PIPELINE_THREAD } from './code/scripts.ts';

export const DIST = fileURLToPath(new URL('../../', import.meta.url));
export const BUNDLE = join(DIST, 'bundle');
export const REQUIRE_KEPT = join(DIST, 'image/build/code/require-kept.js');

const LEVEL = fileURLToPath(import.meta.resolve('classic-level'));

const NAMED_ENTRY = /new URL\('\.\/[\w-]+\.js', $/;
/** Starts the thread whose code is kept. */
const PIPELINE_STARTER = join(DIST, 'actors/pipeline/effects.js');
const PIPELINE_ENTRY = `new URL('./${basename(PIPELINE_THREAD)}', `;

/**
 * `import.meta.url` stays what it was before: the place of the module's own file, from which addons, generated files and
 * the console's pages are found. Threads and helpers lie beside the bundle's files.
 * @param bundleUrl how code of the bundle asks where it lies itself
 */
export const ownPlace = (bundleUrl: string): Plugin => ({
  name: 'own-place',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\.js$/ }, ({ path }) => {
      if (!path.startsWith(DIST)) return undefined;
      const parts = readFileSync(path, 'utf8').split('import.meta.url');
      if (parts.length === 1) return undefined;
      const place = `new URL(${JSON.stringify(relative(BUNDLE, path))}, ${bundleUrl}).href`;
      const contents = parts.reduce((text, part) => {
        if (!NAMED_ENTRY.test(text)) return text + place + part;
        const named = path === PIPELINE_STARTER ? text.replace(NAMED_ENTRY, PIPELINE_ENTRY) : text;
        return named + bundleUrl + part;
      });
      return { contents, loader: 'js', resolveDir: dirname(path) };
    });
  },
});

/**
 * An import of a module of Node's asks it for all that it exports, and `node:http` then loads a whole fetch client: 25 ms
 * of a start. Taken out of the module itself, only what is named is asked for.
 */
export const httpWithoutFetch: Plugin = {
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
export const hashesByNode: Plugin = {
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
export const levelWithoutAddon: Plugin = {
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
export const certificatesApart: Plugin = {
  name: 'certificates-apart',
  setup: ({ onResolve }) => {
    onResolve({ filter: /^\.\/x509\.js$/ }, () => ({ path: `../${CERTIFICATES}`, external: true }));
  },
};

/** The same, for a script whose code is kept: then what the library's is, too. */
export const certificatesKept: Plugin = {
  name: 'certificates-kept',
  setup: ({ onLoad, onResolve }) => {
    onResolve({ filter: /^\.\/x509\.js$/ }, () => ({ path: 'certificates', namespace: 'kept' }));
    onLoad({ filter: /.*/, namespace: 'kept' }, () => ({
      contents: `const { requireKept } = require(${JSON.stringify(REQUIRE_KEPT)});
module.exports = requireKept(require('node:path').join(__dirname, '../${CERTIFICATES}'));`,
      loader: 'js',
      resolveDir: DIST,
    }));
  },
};

/** The daemon, asked for by the program's commands. */
export const daemonKept: Plugin = {
  name: 'daemon-kept',
  setup: ({ onLoad, onResolve }) => {
    onResolve({ filter: /^\.\/daemon\/index\.js$/ }, () => ({ path: 'daemon', namespace: 'kept' }));
    onLoad({ filter: /.*/, namespace: 'kept' }, () => ({
      contents: `import { fileURLToPath } from 'node:url';
import { requireKept } from ${JSON.stringify(REQUIRE_KEPT)};
export const { serve } = requireKept(fileURLToPath(new URL('./daemon.cjs', import.meta.url)));`,
      loader: 'js',
      resolveDir: DIST,
    }));
  },
};

/** Patterns that people write are matched by a library that no start needs, unless its configuration has some. */
export const PATTERNS = 'generated/patterns.cjs';
export const patternsApart: Plugin = {
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
