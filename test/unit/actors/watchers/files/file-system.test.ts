import assert from 'node:assert/strict';
import { FakeFileSystem } from '../../../../support/fake-file-system.ts';
import { fileSystemSuite } from '../../../../support/file-system-suite.ts';

fileSystemSuite('in memory', () => {
  const fs = new FakeFileSystem(() => 0);
  fs.mkdir('/root');
  return {
    fs,
    root: '/root',
    append: (path, text) => void fs.append(path, text),
    mkdir: (path) => fs.mkdir(path),
    rename: (from, to) => fs.rename(from, to),
    truncate: (path) => fs.truncate(path),
    unlink: (path) => fs.unlink(path),
    symlink: (target, path) => fs.symlink(target, path),
    link: (from, to) => fs.link(from, to),
    until: async (what, holds) => {
      await new Promise(setImmediate);
      assert.ok(holds(), what);
    },
    makeFifo: (path) => fs.make(path, 'FIFO'),
  };
});
