/** What the server answers with; only the fields that the console reads. */
export interface Session {
  readonly authenticated: boolean;
  readonly claimed: boolean;
  readonly name?: string;
  readonly scopes?: readonly string[];
  readonly csrf_token?: string;
}

export interface Status {
  readonly hostname: string;
  readonly version: string;
  readonly uptime: string;
  readonly mode: string;
  readonly mode_reason?: string;
  readonly blocklist_size: number;
  readonly dry_run_blocks: number;
  readonly history_count: number;
  readonly severities: { readonly critical: number; readonly high: number; readonly warning: number };
  readonly components: readonly { readonly name: string; readonly state: string; readonly message?: string }[];
  readonly engine: { readonly http: string; readonly firewall: string };
}

export interface FindingRow {
  readonly severity: number;
  readonly check: string;
  readonly message: string;
  readonly details?: string;
  readonly last_seen: string;
  readonly source_ip?: string;
}

export interface BlockRow {
  readonly ip: string;
  readonly reason: string;
  readonly source: string;
  readonly blocked_at: string;
  readonly expires_in: string;
}

/** A refusal in the server's own words. */
export class Refused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

let csrf = '';

/** Remembers the CSRF token of the session; every write carries it. */
export const useCsrf = (token: string | undefined): void => {
  csrf = token ?? '';
};

export const get = <T>(path: string): Promise<T> => call<T>(path, {});

export const post = <T>(path: string, body: unknown): Promise<T> =>
  call<T>(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf },
    body: JSON.stringify(body),
  });

async function call<T>(path: string, init: RequestInit): Promise<T> {
  const response = await fetch(path, { ...init, credentials: 'same-origin' }).catch(() => {
    throw new Refused(0, 'The appliance does not answer.');
  });
  const text = await response.text();
  if (response.ok) return (text === '' ? {} : JSON.parse(text)) as T;
  throw new Refused(response.status, errorIn(text) ?? `The appliance answered ${response.status}.`);
}

function errorIn(text: string): string | undefined {
  try {
    const body = JSON.parse(text) as { readonly error?: unknown };
    return typeof body.error === 'string' ? body.error : undefined;
  } catch {
    return undefined;
  }
}
