import { chromium } from 'playwright-core';

/**
 * A process of its own that starts Chromium and serves Playwright's protocol until its standard input ends; prints the
 * endpoint. Playwright checks what it is to run in a page by compiling it, so it cannot live in a process that runs, as
 * our tests do, without code generation from strings.
 */
const server = await chromium.launchServer({
  executablePath: process.argv[2] ?? '',
  host: '127.0.0.1',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});
console.log(server.wsEndpoint());
process.stdin.resume().once('end', () => {
  server.close().finally(() => process.exit());
});
