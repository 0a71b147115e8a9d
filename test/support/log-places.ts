import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FileSystemPort, openFileSystem } from '../../actors/watchers/files/index.ts';
import { ok } from '../../core/base/result.ts';
import { FakeFileSystem } from './fake-file-system.ts';
import type { LogPlace } from './lives-story.ts';
import { SimulatedClock } from './simulated-clock.ts';

/** Turns of the event loop without a call under way after which all is at rest: events of inotify come within them. */
const QUIET_TURNS = 4;

export function placeInMemory(): LogPlace {
  const clock = new SimulatedClock();
  const fs = new FakeFileSystem(() => clock.now());
  fs.mkdir('/log');
  return {
    fs,
    clock,
    log: '/log/a.log',
    append: (path, text) => void fs.append(path, text),
    rename: (from, to) => fs.rename(from, to),
    copyAndTruncate: (from, to) => {
      fs.copy(from, to);
      fs.truncate(from);
    },
    exists: (path) => fs.exists(path),
    contentOf: (path) => fs.contentOf(fs.append(path)),
    settle: () => fs.settle(),
  };
}

/** The machine's file system, on a simulated clock, which the files' times of change go by. */
export function placeOnDisk(): LogPlace & Disposable {
  const clock = new SimulatedClock();
  const root = mkdtempSync(join(tmpdir(), 'bartizan-lives-'));
  const { fs, settle } = observed(openFileSystem());
  const touch = (path: string): void => utimesSync(path, clock.now() / 1000, clock.now() / 1000);
  return {
    fs,
    clock,
    log: join(root, 'a.log'),
    append: (path, text) => {
      appendFileSync(path, text);
      touch(path);
    },
    rename: renameSync,
    copyAndTruncate: (from, to) => {
      copyFileSync(from, to);
      truncateSync(from);
      touch(from);
      touch(to);
    },
    exists: existsSync,
    contentOf: (path) => readFileSync(path),
    settle,
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** A file system of which it is known when everything that was asked of it is answered. */
function observed(inner: FileSystemPort): Pick<LogPlace, 'fs' | 'settle'> {
  let underWay = 0;
  const count = async <V>(answer: Promise<V>): Promise<V> => {
    underWay++;
    return answer.finally(() => underWay--);
  };
  const open: FileSystemPort['open'] = async (path) => {
    const opened = await count(inner.open(path));
    if (!opened.ok) return opened;
    const file = opened.value;
    return ok({
      stat: () => count(file.stat()),
      read: (into, at) => count(file.read(into, at)),
      close: () => count(file.close()),
    });
  };
  return {
    fs: {
      open,
      stat: (path) => count(inner.stat(path)),
      look: (path) => count(inner.look(path)),
      readLink: (path) => count(inner.readLink(path)),
      accountNames: () => count(inner.accountNames()),
      resolve: (path) => count(inner.resolve(path)),
      list: (directory) => count(inner.list(directory)),
      watch: (path, tell) => inner.watch(path, tell),
    },
    settle: async () => {
      for (let quiet = 0; quiet < QUIET_TURNS; quiet = underWay === 0 ? quiet + 1 : 0) await new Promise(setImmediate);
    },
  };
}
