import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lexer } from 'yaml';
import { placedSetting } from '../../../../core/config/change.ts';
import { editConfig } from '../../../../core/config/edit.ts';
import { modeOf, withMode } from '../../../../core/config/mode.ts';
import { fc } from '../../../support/random.ts';
import { apply, BASES, CHANGES, changes, editProperty } from './edit-property.ts';
import { AROUND, loaded } from './surroundings.ts';

test('every setting has a random change', () => {
  for (const path of Object.keys(CHANGES)) assert.ok(placedSetting(path), path);
});

test('a random change reads back equal and touches its own lines only', () => {
  fc.assert(editProperty, { numRuns: 15 });
});

test('a random change of plain values keeps every comment', () => {
  const plain = changes.filter((wanted) => wanted.every(({ value }) => !Array.isArray(value)));
  fc.assert(
    fc.property(fc.constantFrom(...Object.values(BASES)), plain, (base, wanted) => {
      assert.deepEqual(comments(apply(base, wanted)), comments(base));
    }),
    { numRuns: 10 },
  );
});

const comments = (text: string): readonly string[] =>
  [...new Lexer().lex(text)].filter((token) => token.startsWith('#')).map((comment) => comment.trim());

for (const { name, base, wanted, gives } of [
  {
    name: 'a value keeps its quotes and its comment',
    base: "hostname: 'a' # label\n",
    wanted: [{ path: 'hostname', value: 'b' }],
    gives: "hostname: 'b' # label\n",
  },
  {
    name: 'a new key goes behind its commented-out form',
    base: 'firewall:\n  # Let blocks through.\n  # enabled: false\n\n  # table: bartizan\n',
    wanted: [{ path: 'firewall.enabled', value: true }],
    gives: 'firewall:\n  # Let blocks through.\n  # enabled: false\n  enabled: true\n\n  # table: bartizan\n',
  },
  {
    name: 'a new key goes behind the key declared before it',
    base: 'firewall:\n    enabled: true # go\n    max_blocks: 9\n',
    wanted: [{ path: 'firewall.table', value: 'edge' }],
    gives: 'firewall:\n    enabled: true # go\n    table: edge\n    max_blocks: 9\n',
  },
  {
    name: 'a new section goes behind the section declared before it',
    base: 'webui:\n  # listen: x\n\nlog: {}',
    wanted: [{ path: 'firewall.enabled', value: true }],
    gives: 'webui:\n  # listen: x\nfirewall:\n  enabled: true\n\nlog: {}',
  },
  {
    name: 'what is in effect already is not written',
    base: '# as it comes\n',
    wanted: [{ path: 'firewall.enabled', value: false }],
    gives: '# as it comes\n',
  },
  {
    name: 'an entry joins a list, the others and their comments stay',
    base: 'infra_ips:\n- 192.0.2.1 # gateway\n# end\n',
    wanted: [{ path: 'infra_ips', value: ['192.0.2.1', '192.0.2.2'] }],
    gives: 'infra_ips:\n- 192.0.2.1 # gateway\n- 192.0.2.2\n# end\n',
  },
  {
    name: 'an entry leaves a list',
    base: 'infra_ips:\n- 192.0.2.1 # gateway\n# next\n- 192.0.2.2\n',
    wanted: [{ path: 'infra_ips', value: ['192.0.2.2'] }],
    gives: 'infra_ips:\n# next\n- 192.0.2.2\n',
  },
  {
    name: 'the last entry leaves a list',
    base: 'infra_ips: # mine\n# first\n- 192.0.2.1\n',
    wanted: [{ path: 'infra_ips', value: [] }],
    gives: 'infra_ips: [] # mine\n# first\n',
  },
  {
    name: 'one key of an entry changes',
    base: 'watchers:\n  files:\n    # auth\n    - path: /a # the log\n      parser: sshd\n',
    wanted: [{ path: 'watchers.files', value: [{ path: '/a', parser: 'sshd', start: 'end' }] }],
    gives: 'watchers:\n  files:\n    # auth\n    - path: /a # the log\n      parser: sshd\n      start: end\n',
  },
]) {
  test(`edit: ${name}`, () => assert.equal(apply(base, wanted), gives));
}

for (const { name, base, wanted, code } of [
  { name: 'an unknown setting', base: '', wanted: { path: 'firewall.tabel', value: 'x' }, code: 'unknown_setting' },
  { name: 'a value out of range', base: '', wanted: { path: 'firewall.max_blocks', value: 0 }, code: 'invalid' },
  {
    name: 'a value another setting shares by alias',
    base: 'firewall: { enabled: &on true }\nauto_response: { dry_run: *on }\n',
    wanted: { path: 'firewall.enabled', value: false },
    code: 'not_editable',
  },
  {
    name: 'an alias',
    base: 'firewall: { enabled: &on true }\nauto_response: { dry_run: *on }\n',
    wanted: { path: 'auto_response.dry_run', value: false },
    code: 'not_editable',
  },
  {
    name: 'a list with a comment inside its brackets',
    base: 'infra_ips: [\n  192.0.2.1, # gateway\n]\n',
    wanted: { path: 'infra_ips', value: [] },
    code: 'not_editable',
  },
]) {
  test(`edit refuses ${name}`, () => {
    const edited = editConfig(loaded(base), [wanted], AROUND);
    assert.ok(!edited.ok);
    assert.equal(edited.code, code);
  });
}

test('a mode can be written over any other, and reads back', () => {
  const modes = fc.array(fc.constantFrom('observe', 'dry_run', 'enforce'), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.constantFrom(...Object.values(BASES)), modes, (base, wanted) => {
      let text = base;
      for (const mode of wanted) {
        text = apply(text, withMode(mode));
        assert.equal(modeOf(loaded(text).config), mode);
      }
    }),
    { numRuns: 10 },
  );
});
