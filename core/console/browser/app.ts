import { type BlockRow, type FindingRow, get, post, Refused, type Session, type Status } from './api.ts';
import { enter } from './door.ts';
import { at, fields } from './page.ts';
import { type Acts, showBlocks, showFindings, showStatus } from './views.ts';

/** The page is brought up to date this often, and at once when a finding arrives. */
const REFRESH_MS = 5000;
/** Findings come in bursts; the page follows at most this often. */
const SETTLE_MS = 250;

/** Messages of findings that arrived since the page was opened and were not shown yet. */
const fresh = new Set<string>();

const complain = (cause: unknown): void => {
  if (cause instanceof Refused && cause.status === 401) location.reload();
  at('block-error').textContent = cause instanceof Error ? cause.message : String(cause);
};

const acts: Acts = {
  block: (ip, reason) => write('/api/v1/block-ip', { ip, reason, duration: '24h' }),
  unblock: (ip) => write('/api/v1/unblock-ip', { ip }),
};

async function write(path: string, body: unknown): Promise<void> {
  try {
    at('block-error').textContent = '';
    await post(path, body);
    await refresh();
  } catch (cause) {
    complain(cause);
  }
}

let mayWrite = false;

async function refresh(): Promise<void> {
  const [status, findings, blocks] = await Promise.all([
    get<Status>('/api/v1/status'),
    get<readonly FindingRow[]>('/api/v1/findings'),
    get<readonly BlockRow[]>('/api/v1/blocked-ips'),
  ]);
  showStatus(status);
  showFindings(findings, fresh, mayWrite ? acts : undefined);
  showBlocks(blocks, mayWrite ? acts : undefined);
  fresh.clear();
}

function follow(): void {
  let settling = false;
  const events = new EventSource('/api/v1/events');
  const live = at('live');
  const say = (on: boolean): void => {
    live.className = on ? 'on' : '';
    live.textContent = on ? 'live' : 'reconnecting';
  };
  events.onopen = () => say(true);
  events.onerror = () => say(false);
  events.onmessage = ({ data }) => {
    fresh.add((JSON.parse(String(data)) as FindingRow).message);
    if (settling) return;
    settling = true;
    setTimeout(() => {
      settling = false;
      refresh().catch(complain);
    }, SETTLE_MS);
  };
}

function listen(): void {
  const form = at<HTMLFormElement>('block-form');
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    write('/api/v1/block-ip', fields(form)).then(() => {
      if (at('block-error').textContent === '') form.reset();
    }, complain);
  });
  at('modes').addEventListener('change', ({ target }) => {
    if (target instanceof HTMLInputElement) write('/api/v1/mode', { mode: target.value }).then(refresh).catch(complain);
  });
  at('logout').addEventListener('click', () => {
    post('/logout', {}).then(() => location.reload(), complain);
  });
}

function showNewToken(token: string): void {
  at('token-text').textContent = token;
  at('new-token').hidden = false;
  at('token-copy').addEventListener('click', () => {
    navigator.clipboard.writeText(token).catch(complain);
  });
  at('token-kept').addEventListener('click', () => {
    at('new-token').remove();
  });
}

async function main(): Promise<void> {
  const { newToken } = await enter();
  const session = await get<Session>('/api/v1/session');
  mayWrite = session.scopes?.includes('admin') ?? false;
  at('block-form').hidden = !mayWrite;
  for (const input of document.querySelectorAll<HTMLInputElement>('input[name="mode"]')) input.disabled = !mayWrite;
  at('house').hidden = false;
  if (newToken !== undefined) showNewToken(newToken);
  listen();
  follow();
  await refresh();
  setInterval(() => {
    if (!document.hidden) refresh().catch(complain);
  }, REFRESH_MS);
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) refresh().catch(complain);
  });
}

main().catch((cause: unknown) => {
  at('door').hidden = false;
  at('door-error').textContent = cause instanceof Error ? cause.message : String(cause);
});
