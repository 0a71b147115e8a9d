import { canonicalIp, type Ip } from '../../../core/base/ip.ts';
import { fail, type Result } from '../../../core/base/result.ts';
import { type Millis, seconds } from '../../../core/base/time.ts';
import type { Change } from '../../../core/change/change.ts';
import { isLoopback } from '../../../core/change/judge-sources.ts';
import { within, withNamespaces } from '../../packets/index.ts';
import {
  type ApiAnswer,
  type ApiTarget,
  failed,
  type ProbeDeps,
  passed,
  type Seen,
  type Tools,
  unknown,
} from './port.ts';

const COMMAND: Millis = seconds(2);
const PATIENCE: Millis = seconds(3);

type Deps = Pick<ProbeDeps, 'tools' | 'api' | 'rules'>;

/** Remembers whether the API was ever heard from outside: only what once worked can be said to have been cut. */
export class ApiProbe {
  readonly #deps: Deps;
  #wasHeard = false;
  #wasUp = false;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /**
   * Asks the API over TLS from a network namespace beside this host's, then its own packets pass the rules like anybody's;
   * where that cannot be, over loopback, and says so.
   */
  async run(change: Change, signal: AbortSignal): Promise<Seen> {
    const target = this.#deps.api();
    // A start runs its first round before the listener is up.
    if (!target.ok) return (this.#wasUp ? failed : unknown)(target.public);
    this.#wasUp = true;
    const { host, port } = target.value;
    const near = await this.#deps.tools.askApi(localHost(host), port, PATIENCE);
    const local = judged(near, target.value);
    if (local !== undefined) return failed(`over loopback: ${local}`);
    if (isLoopbackHost(host)) {
      const peer = canonicalIp(change.word.peer);
      const isFar = peer !== undefined && !isLoopback(peer);
      return isFar
        ? failed(`answers at ${host} alone, where ${peer}, which ordered the change, does not get`)
        : passed(`answers at ${host}, where alone it listens`);
    }
    return this.#outside(target.value, change, signal);
  }

  async #outside(target: ApiTarget, change: Change, signal: AbortSignal): Promise<Seen> {
    const far = await askFromOutside(this.#deps.tools, target, signal);
    if (!far.ok && far.code === 'unavailable')
      return passed(`answers over loopback; from outside not tried: ${far.public}`);
    const trouble = judged(far, target);
    if (trouble === undefined) {
      this.#wasHeard = true;
      return passed('answers over TLS from outside');
    }
    if (await this.#isOwnDropped(target.port, change, signal)) {
      return passed(`answers over loopback; from outside not heard: the rules do not let ${ENDS.theirs} in`);
    }
    if (this.#wasHeard) return failed(`from outside: ${trouble}`);
    return unknown(`answers over loopback; from outside: ${trouble}, which may be another firewall's doing`);
  }

  /** Where only listed networks get in, the probe's own is none of them: that says nothing about those that are. */
  async #isOwnDropped(port: number, change: Change, signal: AbortSignal): Promise<boolean> {
    const { tools, rules } = this.#deps;
    const texts = await rules(change, [ENDS.theirs]);
    if (!texts.ok) return false;
    const knocks = [{ ip: ENDS.theirs, port }];
    const fates = await tools.sendThrough([texts.value.candidate], knocks, signal);
    return fates.ok && fates.value[0]?.[0] === 'dropped';
  }
}

/** Link-local addresses, which no route leads to. */
const ENDS = { ours: '169.254.98.122', theirs: '169.254.98.121' as Ip } as const;

/** @returns what is wrong with the answer */
function judged(answer: Result<ApiAnswer, string>, { fingerprint }: ApiTarget): string | undefined {
  if (!answer.ok) return answer.public;
  if (answer.value.fingerprint !== fingerprint) return 'somebody else answers: the certificate is another one';
  return answer.value.status >= 500 ? `it answers ${answer.value.status}` : undefined;
}

const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::';
const isLoopbackHost = (host: string): boolean => host.startsWith('127.') || host === '::1';
const localHost = (host: string): string => (isWildcard(host) ? (host === '::' ? '::1' : '127.0.0.1') : host);

/** A cable from a namespace of its own to this host; it goes with the namespace. */
async function askFromOutside(
  tools: Tools,
  { host, port }: ApiTarget,
  signal: AbortSignal,
): Promise<Result<ApiAnswer, 'failed' | 'unavailable'>> {
  if (host.includes(':') && host !== '::') return fail('unavailable', 'it listens on one IPv6 address only');
  const asked = await withNamespaces(tools, 1, signal, async ([outside = '']) => {
    const device = outside.slice(-12);
    const ours = [
      `link add ${device} type veth peer name far netns ${outside}`,
      `addr add ${ENDS.ours}/30 dev ${device}`,
      `link set ${device} up`,
    ];
    const theirs = [`addr add ${ENDS.theirs}/30 dev far`, 'link set far up', `route add default via ${ENDS.ours}`];
    for (const [where, lines] of [
      ['own', ours],
      [outside, theirs],
    ] as const) {
      const input = `${lines.join('\n')}\n`;
      const ran = await tools.run(...within(where, 'ip', ['-batch', '-']), { input, timeout: COMMAND, signal });
      if (ran.kind !== 'ended' || ran.code !== 0) return fail('unavailable', 'no cable can be laid to a namespace');
    }
    const to = isWildcard(host) ? ENDS.ours : host;
    return tools.askApiFrom(outside, to, port, { timeout: PATIENCE, signal });
  });
  return asked.ok ? asked.value : asked;
}
