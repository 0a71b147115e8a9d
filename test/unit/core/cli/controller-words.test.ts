import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseArgv } from '../../../../core/cli/argv.ts';
import type { Command } from '../../../../core/cli/command.ts';
import { CONTROLLER_COMMANDS } from '../../../../core/cli/controller.ts';
import { helpOf } from '../../../../core/cli/help.ts';

const words = (line: string): string[] => line.split(' ').filter((word) => word !== '');

for (const { line, gives } of [
  { line: 'controller list', gives: 'controller list' },
  { line: 'controller desired set all f.yaml --merge', gives: 'controller desired set' },
  { line: 'controller ca init --broker mqtts://b:1 --enrol https://e/', gives: 'controller ca init' },
  { line: 'controller cmd --help', gives: 'help' },
  { line: 'controller --help', gives: 'help' },
  { line: 'controller desired -h', gives: 'help' },
  { line: 'help controller desired set', gives: 'help' },
]) {
  test(`"bartizan ${line}" is understood as ${gives}`, () => {
    const read = parseArgv(words(line));
    assert.equal(read.ok ? read.value.command : read.public, gives);
  });
}

for (const { line, says } of [
  { line: 'controller', says: 'controller: a word is missing' },
  { line: 'controller lst', says: 'controller: there is no "lst"; did you mean "list"?' },
  { line: 'controller desired', says: 'controller desired: a word is missing; there are set, diff, history' },
  { line: 'controller ca init --broker x', says: 'controller ca init: --enrol URL is missing' },
  { line: 'controller show', says: 'controller show: SERIAL is missing: Which.' },
]) {
  test(`"bartizan ${line}" is refused`, () => {
    const read = parseArgv(words(line));
    assert.ok(!read.ok && read.public.startsWith(says), read.ok ? 'read' : read.public);
  });
}

test('every word has help within the width, naming its options', () => {
  for (const command of CONTROLLER_COMMANDS as readonly Command[]) {
    const text = helpOf(command, 80);
    for (const { name } of command.options) assert.ok(text.includes(`--${name}`), command.name);
  }
});
