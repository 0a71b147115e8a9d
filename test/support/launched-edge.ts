import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Asked } from './admin-client.ts';
import { Boundary, EDGE } from './boundary.ts';
import { judgedIn } from './change/kernel-tables.ts';
import { type Answer, Daemon, NODE_FLAGS, stateDir } from './daemon.ts';
import { ROOT } from './root.ts';
import { run, scratchClone } from './scratch-clone.ts';
import { waitFor } from './wait-for.ts';

const TOKEN = 'an-admin-who-watches-0123456789abcdef';
const CLIENT = join(import.meta.dirname, 'admin-client.js');

/** The real daemon under the launcher that `npm start` is, at an edge that an admin reaches from outside only. */
export class LaunchedEdge implements AsyncDisposable {
  readonly boundary = new Boundary();
  readonly daemon: Daemon;
  readonly #launcher: string;

  private constructor(daemon: Daemon, launcher: string) {
    this.daemon = daemon;
    this.#launcher = launcher;
  }

  /** @param settings lines of the config besides the listener and its token */
  static async open(t: TestContext, settings: string): Promise<LaunchedEdge> {
    const clone = scratchClone(t);
    const provisioned = await run(['sh', 'image/provision/provision'], clone).ended;
    if (provisioned.code !== 0) throw new Error(provisioned.stderr);
    mkdirSync(join(clone, 'dist/bundle'), { recursive: true });
    const main = pathToFileURL(join(ROOT, 'dist/bundle/main.js')).href;
    writeFileSync(join(clone, 'dist/bundle/main.js'), `import(${JSON.stringify(main)});\n`);
    writeFileSync(join(clone, 'dist/.built'), '');
    const daemon = new Daemon(await stateDir());
    const webui = `listen: '0.0.0.0:9443', tokens: [{ name: admin, token: ${TOKEN}, scope: admin }]`;
    await daemon.configure(`# by hand\nwebui: { ${webui} }\n${settings}`);
    const edge = new LaunchedEdge(daemon, join(clone, 'image/provision/run'));
    await edge.boundary.open();
    return edge;
  }

  start(): Promise<void> {
    const command = [this.#launcher, 'serve', '--state', this.daemon.state];
    return this.daemon.startBy(() => this.boundary.edge.spawn('sh', command));
  }

  /** The launcher and all it has started, by SIGKILL; resolves when they are gone. */
  async killAll(): Promise<void> {
    const group = -this.daemon.pid;
    process.kill(group, 'SIGKILL');
    await waitFor('the end of all processes', () => {
      try {
        process.kill(group, 0);
        return undefined;
      } catch {
        return true;
      }
    });
  }

  /** As the admin asks, over one connection of its own. */
  async ask(asked: readonly Asked[], port = 9443): Promise<readonly Answer[]> {
    const base = `https://${EDGE.v4}:${port}`;
    const command = [...NODE_FLAGS, CLIENT, base, TOKEN, JSON.stringify(asked)];
    const said = await this.boundary.admin.run(process.execPath, ...command).catch((cause: Error) => {
      throw new Error(`no answer at ${new Date().toISOString()}: ${this.daemon.output}`, { cause });
    });
    return JSON.parse(said) as readonly Answer[];
  }

  async one(method: string, path: string, body?: unknown, port?: number): Promise<Answer> {
    const [answer] = await this.ask([{ method, path, body }], port);
    if (answer === undefined) throw new Error('no answer');
    return answer;
  }

  /** The change that was asked for last, once it is in one of these states. */
  last(...states: readonly string[]) {
    return waitFor(
      `a change that is ${states.join(' or ')}`,
      async () => {
        const { body } = await this.daemon.call('GET', '/api/v1/changes');
        const [change] = body.changes;
        return states.includes(change?.state) ? change : undefined;
      },
      { withinMs: 30_000 },
    );
  }

  get config(): string {
    return readFileSync(this.daemon.configFile, 'utf8');
  }

  /** Of the edge's kernel, but blocked and allowed. */
  judged(): string | undefined {
    const { name } = this.boundary.edge;
    return judgedIn((command, args) =>
      execFileSync('ip', ['netns', 'exec', name, command, ...args], { encoding: 'utf8', stdio: 'pipe' }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.boundary[Symbol.dispose]();
    await this.daemon[Symbol.asyncDispose]();
  }
}
