import { get, post, Refused, useCsrf } from './api.ts';
import { at, fields, onBehalfOf } from './page.ts';
import type { Entered, Session } from './wire.ts';

/** Who is in; with the new admin token after a claim. */
export interface Guest {
  readonly session: Session;
  readonly newToken?: string;
}

/** Shows the claim or the sign-in form where nobody is signed in, and resolves when somebody is. */
export async function enter(): Promise<Guest> {
  const session = await get<Session>('/api/v1/session');
  if (session.authenticated) {
    useCsrf(session.csrf_token);
    return { session };
  }
  at('door').hidden = false;
  const { token } = session.claimed ? await signIn() : await claim();
  at('door').remove();
  const now = await get<Session>('/api/v1/session');
  useCsrf(now.csrf_token);
  return token === undefined ? { session: now } : { session: now, newToken: token };
}

const signIn = (): Promise<Entered> => submitted('login-form', ({ token }) => post<Entered>('/login', { token }));

const claim = (): Promise<Entered> =>
  submitted('claim-form', ({ code }) =>
    post<Entered>('/api/v1/claim', { code }).catch((cause: unknown) => {
      // Somebody else was faster: there is a token to sign in with now.
      if (cause instanceof Refused && cause.status === 409) location.reload();
      throw cause;
    }),
  );

/** Shows a form of one field and resolves with what `send` answers, however many times it takes. */
function submitted(id: string, send: (values: Record<string, string>) => Promise<Entered>): Promise<Entered> {
  const form = at<HTMLFormElement>(id);
  const input = form.querySelector<HTMLInputElement>('input:not([hidden])');
  form.hidden = false;
  input?.focus();
  const { promise, resolve } = Promise.withResolvers<Entered>();
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const done = await onBehalfOf(form, async () => resolve(await send(fields(form))));
    if (input === null) return;
    input.ariaInvalid = done ? null : 'true';
    if (!done) input.select();
  });
  return promise;
}
