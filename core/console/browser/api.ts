/** A request that takes longer counts as not answered. */
const PATIENCE_MS = 15_000;

/** A refusal in the server's own words; `status` is 0 when there was no answer at all. */
export class Refused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }

  get isSilence(): boolean {
    return this.status === 0;
  }

  /** The cookie is gone, or belongs to another session than the one this page was opened with. */
  get isSessionLost(): boolean {
    return this.status === 401 || this.status === 403;
  }
}

let csrf = '';

/** Remembers the CSRF token of the session; every write carries it. */
export const useCsrf = (token: string | undefined): void => {
  csrf = token ?? '';
};

/** @throws Refused */
export const get = <T>(path: string, signal?: AbortSignal): Promise<T> => call<T>(path, signal ? { signal } : {});

/** @throws Refused */
export const post = <T>(path: string, body: unknown): Promise<T> =>
  call<T>(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf },
    body: JSON.stringify(body),
  });

async function call<T>(path: string, init: RequestInit): Promise<T> {
  const { ok, status, text } = await answer(path, init).catch(() => {
    throw new Refused(0, 'The appliance does not answer.');
  });
  if (ok) return (text === '' ? {} : JSON.parse(text)) as T;
  throw new Refused(status, errorIn(text) ?? `The appliance answered ${status}.`);
}

async function answer(path: string, init: RequestInit) {
  const response = await fetch(path, {
    ...init,
    credentials: 'same-origin',
    signal: AbortSignal.any([AbortSignal.timeout(PATIENCE_MS), ...(init.signal ? [init.signal] : [])]),
  });
  return { ok: response.ok, status: response.status, text: await response.text() };
}

function errorIn(text: string): string | undefined {
  try {
    const body = JSON.parse(text) as { readonly error?: unknown };
    return typeof body.error === 'string' ? body.error : undefined;
  } catch {
    return undefined;
  }
}
