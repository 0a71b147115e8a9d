import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseArgv } from '../../../../core/cli/argv.ts';
import { COMMANDS, type Command, commandOf } from '../../../../core/cli/command.ts';
import { EXIT_CODES } from '../../../../core/cli/exit-codes.ts';
import { helpOf, overview, synopsis } from '../../../../core/cli/help.ts';
import { fc } from '../../../support/random.ts';

const words = (line: string): string[] => line.split(' ').filter((word) => word !== '');

for (const { line, gives } of [
  { line: '', gives: { command: 'help' } },
  { line: 'help', gives: { command: 'help' } },
  { line: '-h', gives: { command: 'help' } },
  { line: '--help', gives: { command: 'help' } },
  { line: '--version', gives: { command: 'version' } },
  { line: 'help block', gives: { command: 'help', arguments: { COMMAND: 'block' } } },
  { line: 'block --help', gives: { command: 'help', arguments: { COMMAND: 'block' } } },
  { line: 'serve', gives: { command: 'serve' } },
  {
    line: 'serve --config /etc/b.yaml --state=/srv/b --enforce',
    gives: { command: 'serve', values: { config: '/etc/b.yaml', state: '/srv/b' }, flags: ['enforce'] },
  },
  { line: 'status --json', gives: { command: 'status', flags: ['json'] } },
  {
    line: 'block --reason=-x 192.0.2.1 --for 7d',
    gives: { command: 'block', arguments: { IP: '192.0.2.1' }, values: { reason: '-x', for: '7d' } },
  },
  { line: 'block -- ::1', gives: { command: 'block', arguments: { IP: '::1' } } },
  {
    line: 'parse - --parser sshd',
    gives: { command: 'parse', arguments: { FILE: '-' }, values: { parser: 'sshd' } },
  },
  {
    line: 'replay --parser sshd -- --odd.log',
    gives: { command: 'replay', arguments: { FILE: '--odd.log' }, values: { parser: 'sshd' } },
  },
  { line: 'config-check', gives: { command: 'config-check' } },
]) {
  test(`"bartizan ${line}" is understood`, () => {
    const { flags = [], ...rest } = { flags: [] as string[], ...gives };
    const expected = { arguments: {}, values: {}, ...rest, flags: new Set(flags) };
    assert.deepEqual(parseArgv(words(line)), { ok: true, value: expected });
  });
}

for (const { line, says } of [
  { line: 'stauts', says: 'there is no command "stauts"; did you mean "status"?' },
  { line: 'frobnicate', says: 'there is no command "frobnicate"' },
  { line: '--json', says: 'there is no command "--json"' },
  { line: 'status --jsn', says: 'status: there is no option "--jsn"; did you mean --json?' },
  { line: 'status -j', says: 'status: there is no option "-j"; there are --state, --json' },
  { line: 'version --json', says: 'version: there is no option "--json"; the command takes none' },
  { line: 'status --json --json', says: 'status: --json is given twice' },
  { line: 'status --json=1', says: 'status: --json takes no value' },
  { line: 'status --state', says: 'status: --state needs a value: --state DIR' },
  { line: 'status --state= --json', says: 'status: --state needs a value: --state DIR' },
  { line: 'status --state --json', says: 'status: --state needs a value: --state DIR' },
  { line: 'status now', says: 'status: "now" is one word too many' },
  { line: 'block', says: 'block: IP is missing: An address, or a network in CIDR form.' },
  { line: 'block 192.0.2.1 192.0.2.2', says: 'block: "192.0.2.2" is one word too many' },
  { line: 'serve --enforce --observe', says: 'serve: --enforce and --observe exclude each other' },
  { line: 'parse auth.log', says: 'parse: --parser NAME is missing' },
  { line: 'parse --parser sshd', says: 'parse: FILE is missing: The log file; - is standard input.' },
  { line: '\u001b[2J', says: 'there is no command "\\x1b[2J"' },
]) {
  test(`"bartizan ${JSON.stringify(line).slice(1, -1)}" is refused`, () => {
    const read = parseArgv(words(line));
    assert.ok(!read.ok);
    assert.equal(read.public.split('\n')[0], says);
    assert.match(read.public, /\nRun "bartizan help/);
  });
}

test('any words are understood or refused, never more', () => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom(...COMMANDS.map(({ name }) => name), '--state', '--json', '--', '-'),
  );
  fc.assert(fc.property(fc.array(word), (argv) => assert.equal(typeof parseArgv(argv).ok, 'boolean')));
});

test('an option that is no declared one is not found in the prototype of anything', () => {
  for (const name of ['--constructor', '--__proto__', '--toString'])
    assert.equal(parseArgv(['status', name]).ok, false);
  assert.equal(parseArgv(['toString']).ok, false);
});

test('every command has help within the width, naming its options and exit codes', () => {
  for (const command of COMMANDS as readonly Command[]) {
    const text = helpOf(command, 80);
    for (const { name } of command.options) assert.ok(text.includes(`--${name}`));
    for (const name of command.exits) assert.ok(text.includes(`  ${EXIT_CODES[name].code}`));
    assert.ok(overview(80).includes(command.summary.split(' ')[0] ?? ''));
  }
});

test('a synopsis shows what is optional, required and exclusive', () => {
  const of = (name: string): string => synopsis(commandOf(name) as Command);
  assert.equal(of('serve'), 'bartizan serve [--config FILE] [--state DIR] [--enforce|--observe]');
  assert.equal(of('replay'), 'bartizan replay FILE --parser NAME [--json]');
  assert.equal(of('config-check'), 'bartizan config-check [FILE] [--state DIR]');
});

test('exit codes are distinct', () => {
  const codes = Object.values(EXIT_CODES).map(({ code }) => code);
  assert.equal(new Set(codes).size, codes.length);
});
