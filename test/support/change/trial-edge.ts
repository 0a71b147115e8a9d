import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contentOf } from '../../../actors/firewall/index.ts';
import { createRecords } from '../../../actors/store/index.ts';
import { contentId, type DecisionId, sha256Hex } from '../../../core/base/ids.ts';
import { type Ip, parseCidr } from '../../../core/base/ip.ts';
import { millis, seconds } from '../../../core/base/time.ts';
import { ADMIN, Boundary, EDGE, monotonic, Pulse } from '../boundary.ts';
import { MemoryStore } from '../memory-store.ts';
import { waitUntil } from '../network-namespace.ts';
import { seeded } from '../random.ts';
import { judgedIn, type ReferenceKernel } from './kernel-tables.ts';
import { type Below, randomSettings } from './random-settings.ts';
import { Books } from './settings-parts.ts';
import { TrialSite } from './trial-site.ts';

const TRIAL = seconds(1);
/** By how much the kernel may be early, ms: a tick, and the 10 ms of the boot-time clock. */
const EARLY = 25;
const BACK_WITHIN = 100;
/** Several beats of the admin. */
const SOME_BEATS = 110;
const TARGETS = [EDGE.v4, EDGE.v6];

const FIRST = `# by hand
firewall: { enabled: true, denied_networks: [203.0.113.0/24] }
infra_ips: [${ADMIN.v4}, '${ADMIN.v6}'] # the admin
`;

/** An edge whose settings are changed at random, and an admin who watches from outside and confirms what lets them in. */
export class TrialEdge implements AsyncDisposable {
  /** How the changes ended, counted. */
  readonly ends = new Map<string, number>();
  /** How long after a deadline an admin who was cut off was back, ms. */
  readonly back: number[] = [];
  readonly #boundary = new Boundary();
  readonly #pulse = new Pulse(TARGETS, ['fresh']);
  readonly #records = createRecords(new MemoryStore());
  readonly #books = new Books();
  readonly #below: Below;
  readonly #reference: ReferenceKernel;
  readonly #stop = new AbortController();
  #traffic: Promise<void> | undefined;
  #state = '';
  #site: TrialSite | undefined;

  constructor(seed: number, reference: ReferenceKernel) {
    const random = seeded(seed);
    this.#below = (n) => Math.floor(random() * n);
    this.#reference = reference;
  }

  get site(): TrialSite {
    if (this.#site === undefined) throw new Error('not open');
    return this.#site;
  }

  async open(): Promise<void> {
    this.#state = await mkdtemp(join(tmpdir(), 'bartizan-edge-'));
    await writeFile(join(this.#state, 'bartizan.yaml'), FIRST, { mode: 0o600 });
    await this.#boundary.open();
    // Blocked, so that infra alone lets the admin in where it does.
    if (this.#below(2) === 0) for (const ip of [ADMIN.v4, ADMIN.v6]) this.#block(ip);
    await this.#start();
    await this.#pulse.start(this.#boundary);
    await waitUntil('the admin is heard', 10_000, () => this.#isHeard(0));
    this.#traffic = this.#keepBusy();
  }

  /** One change, from its proposal to its end. */
  async change(): Promise<void> {
    const before = await this.#file();
    const settings = randomSettings(this.#below);
    const proposed = await this.site.tryOut(settings, TRIAL);
    const what = JSON.stringify(settings).slice(0, 300);
    if (!proposed.ok) {
      const isLate = proposed.code === 'failed' && proposed.public.includes('nobody confirmed it in time');
      assert.ok(proposed.code === 'invalid' || isLate, `${proposed.public}: ${what}`);
      assert.equal(await this.#file(), before, what);
      await this.#agrees(what);
      this.#end(isLate ? 'not in place in time' : proposed.code);
      return;
    }
    const left = this.site.changes.pending()?.left ?? 0;
    const deadline = monotonic() + left;
    const since = monotonic() + 20;
    await waitUntil('some beats', 5000, () => monotonic() > since + SOME_BEATS);
    // A client that is let in is heard at nearly every beat; one that is not never is.
    const isCut = !this.#isHeard(since);
    if (this.#below(5) === 0) await this.#restart();
    const end = isCut ? 'time' : (['confirm', 'revert', 'time'] as const)[this.#below(3)];
    const isTooLate = this.site.changes.pending() === undefined;
    const said =
      end === 'time' || isTooLate ? undefined : await (end === 'confirm' ? this.site.confirm() : this.site.revert());
    if (isTooLate) this.#end('over before a word was said');
    else if (said?.ok) this.#end(`${end}ed`);
    else if (said !== undefined) this.#end(`said in vain: ${said.public}`);
    await waitUntil(`the end of ${what}`, 15_000, () => this.site.changes.pending() === undefined);
    if (end === 'time') this.#end(isCut ? 'cut off and back' : 'not confirmed');
    if (isCut) await this.#isBackAt(deadline, what);
    const [last] = await this.site.changes.list(1);
    const result = last?.verdict?.result;
    const file = await this.#file();
    assert.equal(last?.id, proposed.value.id);
    assert.equal(`sha256:${sha256Hex(Buffer.from(file))}`, result === 'confirmed' ? last?.after : last?.before, what);
    if (result === 'reverted') assert.equal(file, before, what);
    await this.#agrees(what);
  }

  async #isBackAt(deadline: number, what: string): Promise<void> {
    for (const to of TARGETS) {
      const first = () => this.#pulse.between(deadline - EARLY, Infinity, 'new', to)[0]?.at;
      await waitUntil(`the admin is back at ${to} after ${what}`, 5000, () => first() !== undefined);
      this.back.push((first() ?? Infinity) - deadline);
    }
    assert.ok(Math.max(...this.back.slice(-2)) < BACK_WITHIN, `${this.back.slice(-2)} ms after the deadline: ${what}`);
  }

  /** What is in the file is what the kernel judges by. */
  async #agrees(what: string): Promise<void> {
    const loaded = this.site.file.judge(Buffer.from(await this.#file()));
    assert.ok(loaded.ok);
    const { config } = loaded.value;
    const wanted = config.firewall.enabled ? this.#reference.judging(contentOf(config)) : undefined;
    const { name } = this.#boundary.edge;
    const run = (command: string, args: readonly string[]): string =>
      execFileSync('ip', ['netns', 'exec', name, command, ...args], {
        encoding: 'utf8',
        stdio: 'pipe',
        maxBuffer: 1 << 26,
      });
    assert.equal(judgedIn(run), wanted, what);
  }

  #end(how: string): void {
    this.ends.set(how, (this.ends.get(how) ?? 0) + 1);
  }

  #isHeard(since: number): boolean {
    return TARGETS.every((to) => this.#pulse.between(since, Infinity, 'new', to).length > 0);
  }

  #file(): Promise<string> {
    return readFile(join(this.#state, 'bartizan.yaml'), 'utf8');
  }

  async #start(): Promise<void> {
    const { edge } = this.#boundary;
    this.#site = await TrialSite.open({
      state: this.#state,
      netns: edge.name,
      records: this.#records,
      books: this.#books,
    });
  }

  async #restart(): Promise<void> {
    await this.site.close();
    await this.#start();
  }

  /** Blocks, allows and drift while settings change. */
  async #keepBusy(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const { firewall } = this.site;
      const ip = `198.18.${this.#below(4)}.${this.#below(256)}` as Ip;
      const kind = this.#below(10);
      if (kind < 4) await firewall.enforce([this.#block(ip)]);
      else if (kind < 6) {
        this.#books.standing.delete(ip);
        await firewall.release([ip]);
      } else if (kind < 8) {
        const net = parseCidr(`198.19.${this.#below(256)}.0/24`);
        this.#books.letIn = net.ok ? [net.value] : [];
        await firewall.letIn();
      } else if (kind === 8) firewall.drifted();
      await new Promise((resolve) => setTimeout(resolve, 20 + this.#below(40)));
    }
  }

  #block(ip: string) {
    const block = { ip: ip as Ip, id: contentId(millis(1), [ip]) as DecisionId, expiresAt: 'never' as const };
    this.#books.standing.set(block.ip, block);
    return block;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#traffic?.catch(() => {});
    await this.#site?.close().catch(() => {});
    this.#boundary[Symbol.dispose]();
    await rm(this.#state, { recursive: true, force: true });
  }
}
