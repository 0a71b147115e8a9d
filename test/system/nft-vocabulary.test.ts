import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { rulesText, wholeTableText } from '../../actors/firewall/ruleset-text.ts';
import type { RuleDeclaration, TableDeclaration } from '../../native/nft/declaration.ts';
import { openNft } from '../../native/nft/index.ts';
import type { NftPort } from '../../native/nft/port.ts';
import { done, keys } from '../contract/nft-suite-ground.ts';
import { NetworkNamespace, namespacesUnavailable } from '../support/network-namespace.ts';
import { everything, MATCHES, METERS, SETS } from '../support/nft-vocabulary.ts';

const TABLE = 'bartizan';

describe('the vocabulary of rules, by the engine and by nft -f', { skip: namespacesUnavailable() }, () => {
  let engine: NetworkNamespace;
  let text: NetworkNamespace;
  let port: NftPort;
  before(async () => {
    engine = new NetworkNamespace('words');
    text = new NetworkNamespace('texts');
    port = done(await openNft({ netns: engine.name }));
  });
  after(async () => {
    await port?.close();
    engine?.dispose();
    text?.dispose();
  });
  /** As nft prints it, without the time that is left. */
  const table = (namespace: NetworkNamespace): string =>
    namespace.exec('nft', ['list', 'table', 'inet', TABLE]).replaceAll(/ expires \w+/g, '');
  /** The rules as the kernel runs them: what nft would leave out when it prints them is there. */
  const bytecode = (namespace: NetworkNamespace): string =>
    namespace
      .exec('nft', ['--debug=netlink', 'list', 'table', 'inet', TABLE])
      .split('\n')
      .filter((line) => line.startsWith('  [ '))
      .join('\n');
  /** Counters, sets and chains come in the order they were made; rules keep theirs. */
  const blocks = (listed: string): readonly string[] =>
    listed
      .slice(listed.indexOf('\n') + 1, listed.lastIndexOf('}'))
      .trimEnd()
      .split('\n\n')
      .sort();
  const load = (namespace: NetworkNamespace, words: string): string => namespace.exec('nft', ['-f', '-'], words);
  const compare = async (declared: TableDeclaration): Promise<string> => {
    done(await port.drop(TABLE));
    done(await port.ensure(declared));
    load(text, wholeTableText(declared));
    assert.equal(bytecode(engine), bytecode(text));
    assert.deepEqual(blocks(table(engine)), blocks(table(text)));
    return table(engine);
  };

  for (const [what, when] of Object.entries(MATCHES)) {
    test(`both make the same of: ${what}`, async () => {
      const rule: RuleDeclaration = { when, verdict: 'drop', counter: 'c' };
      const sets = [...SETS, ...METERS];
      const listed = await compare({
        name: TABLE,
        sets,
        chains: [{ name: 'c', hook: 'input', priority: 0, rules: [rule] }],
      });
      load(text, `flush ruleset\n${listed}`);
      assert.equal(table(text), listed);
    });
  }

  test('both make the same of everything at once, and what nft lists it reads again', async () => {
    const listed = await compare(everything(TABLE));
    assert.match(bytecode(engine), /\[ dynset add .* connlimit count 20 /);
    engine.exec('nft', ['-c', '-f', '-'], `flush ruleset\n${listed}`);
    load(text, `flush ruleset\n${listed}`);
    assert.equal(table(text), listed);
  });

  test('what nft has loaded is as it was declared: the engine makes no set anew', async () => {
    load(engine, `flush ruleset\n${wholeTableText(everything(TABLE))}`);
    const own = 'add element inet bartizan v4 { 203.0.113.77 }; add element inet bartizan rate4 { 203.0.113.78 }';
    engine.exec('nft', [own]);
    engine.exec('nft', ['add element inet bartizan from4 { 203.0.113.79 . udp . 7 }']);
    done(await port.ensure(everything(TABLE)));
    assert.ok((await keys(port, TABLE, 'v4')).includes('203.0.113.77'));
    assert.deepEqual(await keys(port, TABLE, 'rate4'), ['203.0.113.78']);
    assert.ok((await keys(port, TABLE, 'from4')).includes('203.0.113.79 . udp . 7'));
  });

  test('the text that keeps elements goes over another table of the kind, with what it counted', async () => {
    const declared = everything(TABLE);
    const before = {
      ...declared,
      chains: declared.chains.map((chain) => ({ ...chain, rules: chain.rules.toReversed() })),
    };
    for (const namespace of [engine, text]) load(namespace, `flush ruleset\n${wholeTableText(before)}`);
    load(text, rulesText(declared));
    done(await port.ensure(declared));
    assert.deepEqual(blocks(table(text)), blocks(table(engine)));
    load(text, rulesText(declared));
    assert.deepEqual(blocks(table(text)), blocks(table(engine)));
  });

  test('a counter with what it counted is kept by the engine and by the text', async () => {
    const declared = everything(TABLE);
    for (const namespace of [engine, text]) {
      const words = wholeTableText(declared).replace(
        'counter matched { packets 0 bytes 0 }',
        'counter matched { packets 7 bytes 700 }',
      );
      load(namespace, `flush ruleset\n${words}`);
    }
    done(await port.ensure(declared));
    load(text, rulesText(declared));
    for (const namespace of [engine, text]) {
      const counter = namespace.exec('nft', ['list', 'counter', 'inet', TABLE, 'matched']);
      assert.match(counter, /packets 7 bytes 700/);
    }
    const [first] = done(await port.counters(TABLE));
    assert.deepEqual(first, { name: 'matched', packets: 7, bytes: 700 });
  });
});
