import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Architecture } from '../architecture.ts';
import { lines, run } from '../programs.ts';
import { fileOf, type Pin, type Role } from './lock.ts';
import type { Wanted } from './wanted.ts';

export const SUITE = 'trixie';
/** Signs Debian's releases; of Debian's own package. */
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Base addresses of Debian's two archives. */
export type Mirror = Readonly<Record<Pin['archive'], string>>;

/** Base address of each suite whose index apt holds. */
async function heldSuites(): Promise<ReadonlyMap<string, string>> {
  const targets = await run('apt-get', ['indextargets', '--format', '$(RELEASE) $(REPO_URI)', 'Created-By: Packages']);
  return new Map(
    lines(targets).map((line) => {
      const [suite = '', base = ''] = line.split(' ');
      return [suite, base.replace(/\/+$/, '')];
    }),
  );
}

/**
 * The archives from which this machine's own release and its security updates come. apt tells only of sources whose
 * index it has fetched, so a new machine's are fetched first.
 * @throws when apt has none
 */
export async function findMirror(): Promise<Mirror> {
  const release = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? '?';
  const suites = [release, `${release}-security`] as const;
  let held = await heldSuites();
  if (!suites.every((suite) => held.has(suite))) {
    await run('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=300', 'update']);
    held = await heldSuites();
  }
  const base = (suite: string): string => {
    const found = held.get(suite);
    if (found === undefined) throw new Error(`no apt source of this machine offers ${suite}, so its mirror is unknown`);
    return found;
  };
  return { main: base(suites[0]), security: base(suites[1]) };
}

/** apt with everything of its own in `place`, nothing installed, and the suite's three sources. */
function privateApt(place: string, mirror: Mirror, architecture: Architecture): Readonly<Record<string, string>> {
  for (const folder of ['state/lists/partial', 'cache/archives/partial'])
    mkdirSync(join(place, folder), { recursive: true });
  writeFileSync(join(place, 'status'), '');
  const source = (base: string, suite: string): string => `deb [signed-by=${KEYRING}] ${base} ${suite} main\n`;
  writeFileSync(
    join(place, 'sources.list'),
    source(mirror.main, SUITE) + source(mirror.main, `${SUITE}-updates`) + source(mirror.security, `${SUITE}-security`),
  );
  const settings = {
    'Dir::Etc::SourceList': join(place, 'sources.list'),
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::Etc::Preferences': '/dev/null',
    'Dir::Etc::PreferencesParts': '/dev/null',
    'Dir::State': join(place, 'state'),
    'Dir::State::Status': join(place, 'status'),
    'Dir::Cache': join(place, 'cache'),
    'APT::Architecture': architecture.debian,
    'APT::Install-Recommends': 'false',
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
  };
  const config = join(place, 'apt.conf');
  writeFileSync(
    config,
    [
      ...Object.entries(settings).map(([key, value]) => `${key} "${value}";\n`),
      `APT::Architectures { "${architecture.debian}"; };\n`,
    ].join(''),
  );
  return { APT_CONFIG: config };
}

interface Offer {
  readonly name: string;
  readonly version: string;
  readonly archive: Pin['archive'];
}

/** What `apt-get install --print-uris` would fetch. */
function offersOf(printed: string, mirror: Mirror): readonly Offer[] {
  return lines(printed).flatMap((line) => {
    const [, address = '', file = ''] = /^'([^']+)' (\S+) /.exec(line) ?? [];
    const [name, version] = file.split('_');
    if (name === undefined || version === undefined) return [];
    const archive = address.startsWith(`${mirror.security}/`) ? 'security' : 'main';
    return [{ name, version: decodeURIComponent(version), archive }];
  });
}

/** Stanzas of `apt-cache show` by `name version`. */
function stanzasOf(shown: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const stanzas = shown
    .split('\n\n')
    .map(
      (stanza) => new Map([...stanza.matchAll(/^([\w-]+): (.*)$/gm)].map(([, key = '', value = '']) => [key, value])),
    );
  return new Map(stanzas.map((stanza) => [`${stanza.get('Package')} ${stanza.get('Version')}`, stanza]));
}

/**
 * Asks the mirror, whose word is checked against Debian's keyring, for the newest of what is wanted and what that
 * depends on.
 */
export async function resolveNewest(
  place: string,
  mirror: Mirror,
  architecture: Architecture,
  wanted: readonly Wanted[],
): Promise<readonly Pin[]> {
  const env = privateApt(place, mirror, architecture);
  await run('apt-get', ['-q', 'update', '-o', 'APT::Update::Error-Mode=any'], { env });
  const offers = async (names: readonly string[]): Promise<readonly Offer[]> =>
    offersOf(await run('apt-get', ['-q', '-y', 'install', '--print-uris', ...names], { env }), mirror);
  const named = (...roles: readonly Role[]): readonly string[] =>
    wanted.flatMap((one) => (roles.includes(one.role) ? [one.name] : []));

  const kept = new Set((await offers(named('keep'))).map((offer) => offer.name));
  const onlyBuilt = new Set(named('build'));
  const chosen: (Offer & { role: Role })[] = (await offers(named('keep', 'build'))).map((offer) => ({
    ...offer,
    role: kept.has(offer.name) && !onlyBuilt.has(offer.name) ? 'keep' : 'build',
  }));
  for (const name of named('unpack')) {
    // The kernel is asked for by a package without files that depends on the newest one.
    const real = (await offers([name])).find((offer) =>
      name === architecture.kernel ? /^linux-image-\d/.test(offer.name) : offer.name === name,
    );
    if (real === undefined) throw new Error(`the mirror has no ${name}`);
    chosen.push({ ...real, role: 'unpack' });
  }
  const shown = stanzasOf(
    await run('apt-cache', ['show', ...chosen.map((one) => `${one.name}=${one.version}`)], { env }),
  );
  return chosen.map(({ name, version, archive, role }) => {
    const stanza = shown.get(`${name} ${version}`);
    const field = (key: string): string => {
      const value = stanza?.get(key);
      if (value === undefined) throw new Error(`the mirror says no ${key} of ${name} ${version}`);
      return value;
    };
    return {
      name,
      version,
      architecture: field('Architecture'),
      role,
      sha256: field('SHA256'),
      size: Number(field('Size')),
      archive,
      path: field('Filename'),
    };
  });
}

const hashOf = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');

const isThere = (file: string, pin: Pin): boolean =>
  existsSync(file) && statSync(file).size === pin.size && hashOf(file) === pin.sha256;

/**
 * Sees to it that every pinned .deb lies in `cache`, with the pinned bytes. Asks nobody when all are there.
 * @throws naming the packages that the mirror no longer has, or has with other bytes
 */
export async function fetchPinned(cache: string, pins: readonly Pin[], mirror: () => Promise<Mirror>): Promise<void> {
  mkdirSync(cache, { recursive: true });
  const missing = pins.filter((pin) => !isThere(join(cache, fileOf(pin)), pin));
  if (missing.length === 0) return;
  // What lies there with other bytes, apt would leave as it is.
  for (const pin of missing) rmSync(join(cache, fileOf(pin)), { force: true });
  const from = await mirror();
  const wishes = missing.flatMap((pin) => [
    `${from[pin.archive]}/${encodeURI(pin.path)}`,
    join(cache, fileOf(pin)),
    `SHA256:${pin.sha256}`,
  ]);
  let said = '';
  await run('/usr/lib/apt/apt-helper', ['-o', 'APT::Sandbox::User=root', 'download-file', ...wishes]).catch(
    (thrown: Error) => {
      said = thrown.message;
    },
  );
  const lacking = missing.filter((pin) => !isThere(join(cache, fileOf(pin)), pin));
  for (const pin of lacking) rmSync(join(cache, fileOf(pin)), { force: true });
  if (lacking.length === 0) return;
  throw new Error(
    [
      `the mirror did not give what image/packages.lock pins: ${lacking.map((pin) => `${pin.name} ${pin.version}`).join(', ')}`,
      'If it has moved on to newer versions, renew the pins with `npm run image -- lock` and commit them, or build with',
      '`npm run image -- --newest`, which pins nothing. What apt said last:',
      said.slice(-600),
    ].join('\n'),
  );
}
