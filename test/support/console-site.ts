import assert from 'node:assert/strict';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { Daemon, stateDir } from './daemon.ts';
import { freePort } from './free-port.ts';
import { Namespace } from './namespaces.ts';

export const ADMIN_TOKEN = 'admin-token-of-the-console-test-0123456789';
export const READ_TOKEN = 'read-token-of-the-console-test-0123456789';

const TOKENS = `
  tokens:
    - { name: operator, token: ${ADMIN_TOKEN}, scope: admin }
    - { name: viewer, token: ${READ_TOKEN}, scope: read }`;

type SetCookie = Parameters<BrowserContext['addCookies']>[0][number];

/** The real daemon, enforcing in a namespace of its own, on a log that only the test writes; and its console. */
export class ConsoleSite {
  readonly edge = new Namespace('edge');
  readonly daemon: Daemon;
  readonly url: string;
  readonly #browser: Browser;
  readonly #visits: Visit[] = [];

  private constructor(browser: Browser, daemon: Daemon, port: number) {
    this.#browser = browser;
    this.daemon = daemon;
    this.url = `https://127.0.0.1:${port}/`;
  }

  /** @param claimed with an admin and a read token in its configuration, else waiting for its claim code */
  static async open(browser: Browser, { claimed = true } = {}): Promise<ConsoleSite> {
    const port = await freePort();
    const site = new ConsoleSite(browser, new Daemon(await stateDir()), port);
    await writeFile(site.#log, '');
    await site.daemon.configure(`
hostname: edge01
webui:
  listen: 127.0.0.1:${port}${claimed ? TOKENS : ''}
infra_ips: [192.0.2.0/28]
firewall:
  enabled: true
  netns: ${site.edge.name}
watchers:
  files:
    - path: ${site.#log}
      parser: sshd
`);
    try {
      await site.daemon.start();
      return site;
    } catch (cause) {
      await site[Symbol.asyncDispose]();
      throw cause;
    }
  }

  get #log(): string {
    return join(this.daemon.state, 'auth.log');
  }

  /** Five failed logins, as sshd writes them: one finding. @param ago milliseconds before now of the first one */
  async attack(ip: string, users: readonly string[] = ['root'], ago = 5000): Promise<void> {
    const lines = Array.from({ length: 5 }, (_, i) => {
      const at = new Date(Date.now() - ago + i * 700).toISOString();
      return `${at} edge01 sshd[812]: Failed password for ${users[i % users.length]} from ${ip} port ${40_000 + i} ssh2\n`;
    });
    await appendFile(this.#log, lines.join(''));
  }

  /** A line as it is. */
  async write(line: string): Promise<void> {
    await appendFile(this.#log, `${line}\n`);
  }

  /** Whether the kernel drops what comes from this IPv4 address. */
  async isCut(ip: string): Promise<boolean> {
    const sets = await this.edge.run('nft', 'list', 'ruleset');
    return sets.includes(`${ip} timeout`) || sets.includes(`${ip} comment`);
  }

  /** Lets an address in to a port, by the control socket. */
  async allowPort(ip: string, port: number): Promise<void> {
    const ports = [{ protocol: 'tcp', port }];
    const { status } = await this.daemon.call('POST', '/api/v1/firewall/allow-ip', { ip, ports });
    assert.equal(status, 200);
  }

  /** A window of its own: no cookies but these, nothing cached. */
  async visit(options: BrowserContextOptions = {}, cookies: readonly SetCookie[] = []): Promise<Visit> {
    const context = await this.#browser.newContext({ ignoreHTTPSErrors: true, ...options });
    await context.addCookies(cookies);
    const visit = new Visit(await context.newPage(), this.url);
    this.#visits.push(visit);
    await visit.page.goto(this.url);
    return visit;
  }

  /** The same, signed in. */
  async enter(token: string = ADMIN_TOKEN, options: BrowserContextOptions = {}): Promise<Visit> {
    const visit = await this.visit(options);
    await visit.page.getByLabel('Token', { exact: true }).fill(token);
    await visit.page.getByRole('button', { name: 'Sign in' }).click();
    await visit.page.getByText('live', { exact: true }).waitFor();
    return visit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { page } of this.#visits) await page.context().close();
    await this.daemon[Symbol.asyncDispose]();
    this.edge[Symbol.dispose]();
  }
}

/** A window on the console, and all that it did. */
export class Visit {
  readonly page: Page;
  /** Dialogs that opened, by kind; each was accepted. */
  readonly dialogs: string[] = [];
  /** Exceptions, console errors and warnings, violations of the content security policy; refusals of the API are none. */
  readonly complaints: string[] = [];
  /** Requests in order, and how many bytes of headers and bodies they took on the way here. */
  readonly requests: string[] = [];
  #bytes: Promise<number> = Promise.resolve(0);

  constructor(page: Page, url: string) {
    this.page = page;
    page.setDefaultTimeout(10_000);
    page.on('dialog', async (dialog) => {
      this.dialogs.push(dialog.type());
      await dialog.accept();
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('console', (message) => {
      const isRefusal = message.text().startsWith('Failed to load resource') && message.location().url.startsWith(url);
      if (['error', 'warning'].includes(message.type()) && !isRefusal) this.complaints.push(message.text());
    });
    page.on('request', (request) => this.requests.push(request.url()));
    page.on('requestfinished', (request) => {
      // A request that is under way as the window is closed has no size any more.
      const sizes = request.sizes().then(
        (each) => each.responseHeadersSize + each.responseBodySize,
        () => 0,
      );
      this.#bytes = Promise.all([this.#bytes, sizes]).then(([sum, size]) => sum + size);
    });
  }

  get bytes(): Promise<number> {
    return this.#bytes;
  }

  /** Fills the block form in and sends it. */
  async block(ip: string, { reason = '', duration = 'for 24 hours' } = {}): Promise<void> {
    const form = this.page.locator('#block-form');
    await form.getByLabel('Address').fill(ip);
    await form.getByLabel('Reason').fill(reason);
    await form.getByLabel('For how long').selectOption(duration);
    await form.getByRole('button').click();
  }

  /** The row of a table that says this. */
  row(table: string, text: string) {
    return this.page.locator(`#${table} tr`).filter({ hasText: text });
  }

  /** What the element with the keyboard's focus is. */
  focus(): Promise<{ readonly id: string; readonly text: string; readonly value: string }> {
    return this.page.evaluate(`(({ id, textContent, value }) =>
      ({ id, text: textContent.trim(), value: String(value ?? '') }))(document.activeElement)`);
  }

  /** Presses Tab until the focus is on an element with this text or id. */
  async tabTo(wanted: string): Promise<void> {
    for (let i = 0; i < 40; i++) {
      await this.page.keyboard.press('Tab');
      const { id, text } = await this.focus();
      if (id === wanted || text === wanted) return;
    }
    throw new Error(`Tab does not lead to "${wanted}"`);
  }
}
