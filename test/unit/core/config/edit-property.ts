import assert from 'node:assert/strict';
import { isMap, type Pair, type ParsedNode, type YAMLMap } from 'yaml';
import { millis, shortDuration } from '../../../../core/base/time.ts';
import { type Change, placedSetting, sameValue, withValue } from '../../../../core/config/change.ts';
import { defaultConfigText } from '../../../../core/config/default-text.ts';
import { editConfig } from '../../../../core/config/edit.ts';
import { contentEnd } from '../../../../core/config/edit-value.ts';
import { parseYaml } from '../../../../core/config/read.ts';
import { CHECK_NAMES } from '../../../../core/detect/checks.ts';
import { CHECK_SETTINGS } from '../../../../core/detect/settings.ts';
import { compileGlob } from '../../../../core/event/glob.ts';
import { fc } from '../../../support/random.ts';
import { AROUND, loaded } from './surroundings.ts';

const HASH = 'ab'.repeat(32);

const COMMENTED = `# The office gateway.
hostname: 'gate'   # as on the label

webui:
    listen: "127.0.0.1:9443"
    # who may
    tokens:
      # the panel
      - name: panel   # read only
        token_sha256: ${HASH}
        scope: read

      - { name: ops, token_file: /etc/ops.token, scope: admin }
      # end of tokens

infra_ips:
- 192.0.2.1       # gateway
# the resolvers
- '2001:db8::53'  # not ours

firewall: { table: edge, on_stop: keep }   # one line
auto_response:   # careful
  # enabled: true

  block_expiry: 24h # a day

watchers:
  files: []   # none yet
# thresholds follow
thresholds:
  ssh_bruteforce_failures: 0x10
# the end`;

export const BASES = {
  empty: '',
  'only a comment': '# nothing yet\n',
  'first start': defaultConfigText({
    ...AROUND,
    files: [{ path: '/var/log/auth.log', parser: 'sshd' }],
    journal: true,
  }),
  'by hand': COMMENTED,
  'Windows line ends': `${COMMENTED.replaceAll('\n', '\r\n')}\r\n`,
  'byte order mark': `\ufeff${COMMENTED}\n`,
  'one line': '{ log: { level: warn }, infra_ips: [192.0.2.1] }',
  'document marks': '---\nlog:\n  level: warn\n...\n',
};

const token = fc.record({
  name: fc.stringMatching(/^[a-z][a-z0-9_.@-]{0,12}$/),
  token: fc.stringMatching(/^[!-~]{16,40}$/),
  scope: fc.constantFrom('admin', 'read'),
});
const file = fc.record({
  path: fc.stringMatching(/^\/[a-z0-9 :#'"*?{}[\]é-]{1,20}$/).filter((path) => compileGlob(path).ok),
  parser: fc.constantFrom(...AROUND.parsers),
  start: fc.constantFrom('beginning', 'end'),
  trust: fc.constantFrom('auto', 'file', 'spoofable'),
});
const address = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom('10.0.0.0/8', '2001:db8::/32', '::1'));

/** A valid new value for every setting. */
export const CHANGES: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  hostname: fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/),
  state_dir: fc.stringMatching(/^\/[a-z0-9 :#'"é-]{1,20}$/),
  'webui.listen': fc.constantFrom('0.0.0.0:1', '[::]:9443', 'localhost:443', '[2001:db8::1]:65535'),
  'webui.engine': fc.constantFrom('auto', 'uwebsockets', 'node'),
  'webui.tokens': fc.uniqueArray(token, { selector: ({ name }) => name, maxLength: 4 }),
  'webui.metrics_token': fc.stringMatching(/^[!-~]{16,40}$/),
  infra_ips: fc.array(address, { maxLength: 5 }),
  'auto_response.enabled': fc.boolean(),
  'auto_response.dry_run': fc.boolean(),
  'auto_response.block_ips': fc.boolean(),
  'auto_response.block_expiry': fc.constantFrom('0', '1h', '7d', '1h30m', '90m'),
  ...Object.fromEntries(
    CHECK_SETTINGS.map(({ key, kind, minimum, maximum }) => [
      `thresholds.${key}`,
      kind === 'count'
        ? fc.integer({ min: minimum, max: maximum })
        : fc.constantFrom(minimum, maximum).map((length) => shortDuration(millis(length))),
    ]),
  ),
  disabled_checks: fc.subarray([...CHECK_NAMES]),
  'watchers.files': fc.uniqueArray(file, { selector: ({ path }) => path, maxLength: 4 }),
  'firewall.enabled': fc.boolean(),
  'firewall.denied_networks': fc.array(address, { maxLength: 5 }),
  'firewall.table': fc.stringMatching(/^[a-z0-9_]{1,31}$/),
  'firewall.netns': fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/),
  'firewall.on_stop': fc.constantFrom('keep', 'remove'),
  'firewall.max_blocks': fc.integer({ min: 1, max: 10_000_000 }),
  'events.max_mib': fc.integer({ min: 16, max: 16_777_216 }),
  'events.keep_free_percent': fc.integer({ min: 0, max: 90 }),
  'blobs.quota_mib': fc.integer({ min: 1, max: 1_048_576 }),
  'changes.trial': fc.constantFrom('1m', '30m', '90s'),
  'log.level': fc.constantFrom('debug', 'info', 'warn', 'error'),
};

export const changes: fc.Arbitrary<readonly Change[]> = fc
  .subarray(Object.keys(CHANGES), { minLength: 1, maxLength: 4 })
  .chain((paths) =>
    fc.tuple(...paths.map((path) => (CHANGES[path] ?? fc.constant(0)).map((value) => ({ path, value })))),
  );

export const apply = (text: string, wanted: readonly Change[]): string => {
  const edited = editConfig(loaded(text), wanted, AROUND);
  assert.ok(edited.ok, edited.ok ? '' : edited.public);
  return edited.value.text;
};

/** A random change to any of the bases reads back equal, and touches only the lines of what it changes. */
export const editProperty = fc.property(fc.constantFrom(...Object.values(BASES)), changes, (base, wanted) => {
  const text = apply(base, wanted);
  const expected = wanted.reduce((config, { path, value }) => {
    const placed = placedSetting(path);
    return placed === undefined ? config : withValue(config, placed, value);
  }, loaded(base).config);
  assert.ok(sameValue(loaded(text).config, expected));
  const paths = wanted.map(({ path }) => path);
  const added = addedLines(withoutLinesOf(base, paths, base), withoutLinesOf(text, paths, base));
  // Comments that stood inside a list which is empty now are kept behind it.
  assert.deepEqual(
    added.filter((line) => !/^\s*(#.*)?$/.test(line)),
    [],
  );
});

/** The lines of `after` that `before` has not; fails when a line of `before` is gone or moved. */
function addedLines(before: readonly string[], after: readonly string[]): readonly string[] {
  const added: string[] = [];
  let next = 0;
  for (const line of after) {
    if (line === before[next]) next++;
    else added.push(line);
  }
  assert.equal(next, before.length, `lost: ${before[next]}`);
  return added;
}

/** The lines without those of these settings, and without the heads of sections that `base` has not. */
function withoutLinesOf(text: string, paths: readonly string[], base: string): readonly string[] {
  const root = parseYaml(text).document.contents;
  const had = parseYaml(base).document.contents;
  const gone = new Set<number>();
  const drop = (pair: PairOf | undefined, end: number): void => {
    if (pair === undefined) return;
    for (let line = lineOf(text, pair.key.range[0]); line <= lineOf(text, end - 1); line++) gone.add(line);
  };
  for (const path of paths) {
    const [top = '', inner] = path.split('.');
    const section = pairOf(root, top);
    // A mapping in brackets is one line: the line of every key in it.
    if (isFlow(root)) gone.add(lineOf(text, root?.range[0] ?? 0));
    if (inner === undefined || isFlow(section?.value)) drop(section, endOf(section));
    else {
      if (pairOf(had, top) === undefined) drop(section, section?.key.range[1] ?? 0);
      const pair = pairOf(section?.value, inner);
      drop(pair, endOf(pair));
    }
  }
  return text
    .split('\n')
    .filter((_, i) => !gone.has(i))
    .map((line) => line.trimEnd())
    .filter((line, i, all) => line !== '' || i < all.length - 1);
}

type PairOf = Pair<ParsedNode, ParsedNode | null>;
const pairOf = (map: ParsedNode | null | undefined, key: string): PairOf | undefined =>
  isMap(map)
    ? ((map as YAMLMap.Parsed).items.find((pair) => String(pair.key) === key) as PairOf | undefined)
    : undefined;
const isFlow = (node: ParsedNode | null | undefined): boolean => isMap(node) && node.flow === true;
const endOf = (pair: PairOf | undefined): number =>
  pair === undefined ? 0 : Math.max(pair.key.range[1], pair.value === null ? 0 : contentEnd(pair.value));
const lineOf = (text: string, offset: number): number => text.slice(0, offset).split('\n').length - 1;
