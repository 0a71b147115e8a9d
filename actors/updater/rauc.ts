import { fail, ok, type Result } from '../../core/base/result.ts';
import { hidingSecretsOf, withoutUrlSecrets } from '../../core/base/shown-url.ts';
import { type Millis, minutes, seconds } from '../../core/base/time.ts';
import type { BundleFacts, Progress, Refusal, SlotsView, Work } from '../../core/image/slots.ts';
import type { BundleSource } from '../../core/image/source.ts';
import type { InstallEnd, Ran, Run, Slots } from './port.ts';
import { factsIn, inspectedIn, progressIn, refusalIn, slotsIn, workIn } from './rauc-words.ts';

/** The service may have to be started first, on a machine that is slow or at other things; nothing else says how slots are. */
const STATUS: Millis = seconds(60);
/** The whole of a bundle in the older format goes through the hash. */
const INSPECT: Millis = seconds(25);
/** A slow server and a slow disk together. */
const INSTALL: Millis = minutes(60);

const INSTALLER = ['de.pengutronix.rauc', '/', 'de.pengutronix.rauc.Installer'] as const;
const ON_BUS = ['--system', '--json=short'] as const;

/**
 * RAUC, asked by its own program, which asks its service over D-Bus: that runs as root, checks the signature and writes.
 * The program is `rauc`; `busctl` looks into a bundle that is on a server, which the service alone may do.
 */
export class RaucSlots implements Slots {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  async list(): Promise<Result<SlotsView, 'busy' | 'unavailable'>> {
    const ran = await this.#run('rauc', ['status', '--detailed', '--output-format=json'], { timeout: STATUS });
    if (ran.kind === 'ended' && ran.code === 0) return slotsIn(ran.out);
    const refused = refusalOf('rauc', ran);
    return fail(refused.code === 'busy' ? 'busy' : 'unavailable', refused.public);
  }

  async inspect(source: BundleSource): Promise<Result<BundleFacts, Refusal>> {
    const isFile = source.kind === 'file';
    const ran = isFile
      ? await this.#run('rauc', ['info', '--output-format=json', source.path], { timeout: INSPECT })
      : await this.#run('busctl', [...ON_BUS, 'call', ...INSTALLER, 'InspectBundle', 'sa{sv}', source.url, '0'], {
          timeout: INSPECT,
        });
    if (ran.kind === 'late' && !isFile) return fail('unreachable', 'the server does not deliver the bundle in time');
    if (ran.kind !== 'ended' || ran.code !== 0) return refusalOf(isFile ? 'rauc' : 'busctl', ran, hiding(source));
    const facts = isFile ? factsIn(ran.out) : inspectedIn(ran.out);
    return facts === undefined ? fail('damaged', 'the bundle does not say which version it is') : ok(facts);
  }

  async install(source: BundleSource, tell: (progress: Progress) => void): Promise<Result<void, InstallEnd>> {
    let last = 0;
    const onLine = (line: string): void => {
      const progress = progressIn(line);
      if (progress === undefined || progress.percent < last) return;
      last = progress.percent;
      tell({ ...progress, message: hide(progress.message) });
    };
    const hide = hiding(source);
    const where = source.kind === 'file' ? source.path : source.url;
    const ran = await this.#run('rauc', ['install', where], { timeout: INSTALL, onLine });
    if (ran.kind === 'late' || ran.kind === 'killed') return fail('unknown', `rauc ${wordOn(ran)}`);
    return ran.kind === 'ended' && ran.code === 0 ? ok(undefined) : refusalOf('rauc', ran, hide);
  }

  async work(): Promise<Result<Work, 'unavailable'>> {
    const args = [...ON_BUS, 'get-property', ...INSTALLER, 'Operation', 'Progress', 'LastError'];
    const ran = await this.#run('busctl', args, { timeout: STATUS });
    if (ran.kind !== 'ended' || ran.code !== 0) return fail('unavailable', refusalOf('busctl', ran).public);
    const work = workIn(ran.out);
    if (work === undefined) return fail('unavailable', "RAUC's service does not say what it is at");
    const { progress, lastError } = work;
    return ok({
      isInstalling: work.isInstalling,
      lastError: lastError === '' ? '' : refusalIn(`LastError: ${withoutUrlSecrets(lastError)}`).text,
      ...(progress && { progress: { ...progress, message: withoutUrlSecrets(progress.message) } }),
    });
  }
}

/** How a program was cut off. */
const wordOn = (ran: Extract<Ran, { kind: 'late' | 'killed' }>): string =>
  ran.kind === 'late' ? 'does not come to an end' : `was killed (${ran.signal})`;

/** RAUC and what it fetches with repeat the URL in what they say. */
const hiding = (source: BundleSource): Hide =>
  source.kind === 'url' ? hidingSecretsOf(source.url) : withoutUrlSecrets;

type Hide = (text: string) => string;

function refusalOf(program: string, ran: Ran, hide: Hide = withoutUrlSecrets) {
  if (ran.kind === 'missing') return fail('unavailable' as Refusal, `${program} is not installed`);
  if (ran.kind !== 'ended') return fail('unavailable' as Refusal, `${program} ${wordOn(ran)}`);
  const { code, text } = refusalIn(hide(`${ran.err}\n${ran.out}`));
  return fail(code, text);
}
