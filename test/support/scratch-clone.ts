import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { ROOT } from './root.ts';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The environment of a command, with what npm left out: the gate itself may run under npm. */
const cleanEnv = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_|^NODE_/.test(name)));

/** A running command. `said` resolves when its stderr matches; `ended` when it has ended and its output is read. */
export function run(command: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}) {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { cwd, env: { ...cleanEnv(), ...env }, detached: true, stdio: 'pipe' });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  const said = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (pattern.test(stderr + stdout)) resolve();
      };
      child.stderr.on('data', look);
      child.stdout.on('data', look);
      child.once('close', () => reject(new Error(`ended without saying ${pattern}: ${stdout}${stderr}`)));
      look();
    });
  return { child, ended, said };
}

/**
 * A folder with the product's own provisioning and build, and one module that needs no registry: a pinned Node that
 * hands over to the Node of this test. Gone after the test.
 */
export function scratchClone(t: TestContext, packages = 'run dash the shell'): string {
  const folder = mkdtempSync(join(tmpdir(), 'bartizan-clone-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  for (const part of ['image/provision', 'image/build', 'systemd'])
    cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  const node = `node-linux-${process.arch}`;
  const version = '0.0.1';
  const link = { dependencies: { [node]: `file:vendor/${node}` } };
  write('image/provision/packages', `${packages}\n`);
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
  write('package.json', JSON.stringify({ name: 'scratch', version, private: true, scripts, ...link }));
  write(
    'package-lock.json',
    JSON.stringify({
      name: 'scratch',
      version,
      lockfileVersion: 3,
      requires: true,
      packages: {
        '': { name: 'scratch', version, ...link },
        [`node_modules/${node}`]: { resolved: `vendor/${node}`, link: true },
        [`vendor/${node}`]: { name: node, version },
      },
    }),
  );
  write(`vendor/${node}/package.json`, JSON.stringify({ name: node, version }));
  write(`vendor/${node}/bin/node`, `#!/bin/sh\nexec '${process.execPath}' "$@"\n`);
  chmodSync(join(folder, `vendor/${node}/bin/node`), 0o755);
  return folder;

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/** Every file and folder below, with size and change time: equal before and after means nothing was touched. */
export const snapshot = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((path) => {
      const { size, mtimeMs } = statSync(join(folder, path));
      return `${path} ${size} ${mtimeMs}`;
    });
