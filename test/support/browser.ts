import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';
const SERVER = fileURLToPath(new URL('browser-server.js', import.meta.url));

/** Why tests in a browser cannot run here; false when they can. */
export const noChromium: string | false = existsSync(CHROMIUM) ? false : `needs ${CHROMIUM}`;

/** A headless Chromium of the test's own; disposing of it ends it and the process that drives it. */
export async function openBrowser(): Promise<Browser> {
  const child = spawn(process.execPath, [SERVER, CHROMIUM], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const endpoint = await Promise.race([
    once(child.stdout.setEncoding('utf8'), 'data').then(([line]) => String(line).trim()),
    once(child, 'exit').then(() => undefined),
  ]);
  if (endpoint === undefined) throw new Error(`Chromium does not start: ${said}`);
  const browser = await chromium.connect(endpoint);
  browser.once('disconnected', () => child.stdin.end());
  return browser;
}
