import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { declarationOf } from '../../../../image/declaration.ts';
import { ROOT } from '../../../support/root.ts';

/** Programs of the packages that are taken out again when the image is built. */
const TAKEN_OUT: Readonly<Record<string, readonly string[]>> = {
  bash: ['bash'],
  debconf: ['debconf'],
  debianutils: ['which', 'run-parts', 'savelog', 'tempfile'],
  diffutils: ['cmp', 'diff', 'diff3', 'sdiff'],
  dpkg: ['dpkg', 'dpkg-query', 'start-stop-daemon'],
  hostname: ['hostname', 'dnsdomainname'],
  openssl: ['openssl'],
  passwd: ['passwd', 'useradd', 'usermod', 'chsh'],
  'perl-base': ['perl'],
  'sysvinit-utils': ['pidof', 'killall5'],
};

const built = new Set(
  declarationOf(readFileSync(join(ROOT, 'image/rootfs/packages'), 'utf8'))
    .map((line) => line.split(/\s+/))
    .filter(([kind]) => kind === 'build')
    .map(([, name = '']) => name),
);
const folder = join(ROOT, 'systemd');
const scripts = readdirSync(folder).filter((name) => readFileSync(join(folder, name), 'utf8').startsWith('#!/bin/sh'));

test('scripts that run in the image call no program that is taken out of it', () => {
  const gone = Object.entries(TAKEN_OUT).flatMap(([name, programs]) => (built.has(name) ? programs : []));
  assert.ok(gone.includes('cmp') && scripts.includes('host'));
  const called = new RegExp(
    `(?:^|[;&|({!]|\\b(?:if|then|else|elif|do|while|until)\\b)\\s*(${gone.join('|')})(?=\\s|$)`,
    'm',
  );
  for (const script of scripts) {
    const text = readFileSync(join(folder, script), 'utf8').replaceAll(/^\s*#.*$/gm, '');
    assert.equal(called.exec(text)?.[1], undefined, script);
  }
});
