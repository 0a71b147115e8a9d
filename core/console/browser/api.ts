/** A request that takes longer counts as not answered. */
const PATIENCE_MS = 15_000;

export interface WrongField {
  readonly field: string;
  readonly message: string;
}

/** A refusal in the server's own words; `status` is 0 when there was no answer at all. */
export class Refused extends Error {
  readonly status: number;
  /** Which fields are wrong, where the server says so. */
  readonly fields: readonly WrongField[];
  /** The same order is taken over a connection that is opened for it. */
  readonly wantsNewConnection: boolean;
  constructor(
    status: number,
    message: string,
    { fields = [], wantsNewConnection = false }: Partial<Pick<Refused, 'fields' | 'wantsNewConnection'>> = {},
  ) {
    super(message);
    this.status = status;
    this.fields = fields;
    this.wantsNewConnection = wantsNewConnection;
  }

  get isSilence(): boolean {
    return this.status === 0;
  }

  /** The cookie is gone, or belongs to another session than the one this page was opened with. */
  get isSessionLost(): boolean {
    return this.status === 401 || this.status === 403;
  }
}

interface Patient extends RequestInit {
  /** Milliseconds. */
  readonly patience?: number;
}

let csrf = '';

/** Remembers the CSRF token of the session; every write carries it. */
export const useCsrf = (token: string | undefined): void => {
  csrf = token ?? '';
};

/** @throws Refused */
export const get = <T>(path: string, signal?: AbortSignal): Promise<T> => call<T>(path, signal ? { signal } : {});

/** @throws Refused */
export const post = <T>(
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
  patience = PATIENCE_MS,
): Promise<T> =>
  overNew<T>(path, {
    patience,
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf, ...headers },
    body: JSON.stringify(body),
  });

/** A browser keeps so many connections to one server, and a few that it has not noticed are gone. */
const MOST_CONNECTIONS = 12;

/**
 * Some orders count over a new connection only: the server refuses them over an older one and closes that, until the
 * browser has none left but a new one.
 */
async function overNew<T>(path: string, init: Patient): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await call<T>(path, init);
    } catch (cause) {
      if (!(cause instanceof Refused && cause.wantsNewConnection) || tries === MOST_CONNECTIONS) throw cause;
    }
  }
}

async function call<T>(path: string, init: Patient): Promise<T> {
  const { ok, status, text, retryOver } = await answer(path, init).catch(() => {
    throw new Refused(0, 'The appliance does not answer.');
  });
  if (ok) return (text === '' ? {} : JSON.parse(text)) as T;
  const { error, errors = [] } = refusalIn(text);
  const said = errors.map(({ field, message }) => `${field}: ${message}`).join('\n');
  throw new Refused(status, error ?? (said || `The appliance answered ${status}.`), {
    fields: errors,
    wantsNewConnection: retryOver === 'new-connection',
  });
}

async function answer(path: string, { patience = PATIENCE_MS, ...init }: Patient) {
  const response = await fetch(path, {
    ...init,
    credentials: 'same-origin',
    signal: AbortSignal.any([AbortSignal.timeout(patience), ...(init.signal ? [init.signal] : [])]),
  });
  const { ok, status, headers } = response;
  return { ok, status, text: await response.text(), retryOver: headers.get('x-retry-over') };
}

function refusalIn(text: string): { readonly error?: string; readonly errors?: readonly WrongField[] } {
  try {
    return JSON.parse(text) as ReturnType<typeof refusalIn>;
  } catch {
    return {};
  }
}
