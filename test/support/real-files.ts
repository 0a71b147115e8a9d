import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { openFileSystem } from '../../actors/watchers/files/index.ts';
import type { FileWorld } from './file-system-suite.ts';
import { until } from './until.ts';

/** The machine's file system, in a temporary directory that goes when the test ends. */
export function realFiles(t: TestContext): FileWorld {
  const root = mkdtempSync(join(tmpdir(), 'bartizan-files-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  return {
    fs: openFileSystem(),
    root,
    append: (path, text) => appendFileSync(path, text),
    mkdir: (path) => void mkdirSync(path),
    rename: (from, to) => renameSync(from, to),
    truncate: (path) => truncateSync(path),
    unlink: (path) => unlinkSync(path),
    symlink: (target, path) => symlinkSync(target, path),
    link: (from, to) => linkSync(from, to),
    until,
    makeFifo: (path) => void execFileSync('mkfifo', [path]),
  };
}
