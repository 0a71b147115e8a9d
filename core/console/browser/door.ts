import { get, post, Refused, type Session, useCsrf } from './api.ts';
import { at, fields } from './page.ts';

interface Entered {
  readonly csrf_token?: string;
  readonly token?: string;
}

/** Shows the claim or the sign-in form and resolves when somebody is in; with the new admin token after a claim. */
export async function enter(): Promise<{ readonly newToken?: string }> {
  const session = await get<Session>('/api/v1/session');
  if (session.authenticated) {
    useCsrf(session.csrf_token);
    return {};
  }
  at('door').hidden = false;
  const { promise, resolve } = Promise.withResolvers<{ newToken?: string }>();
  const come = (entered: Entered): void => {
    useCsrf(entered.csrf_token);
    at('door').hidden = true;
    resolve(entered.token === undefined ? {} : { newToken: entered.token });
  };
  onSubmit('claim-form', async ({ code }) => come(await post<Entered>('/api/v1/claim', { code })));
  onSubmit('login-form', async ({ token }) => come(await post<Entered>('/login', { token })));
  at(session.claimed ? 'login-form' : 'claim-form').hidden = false;
  at<HTMLInputElement>(session.claimed ? 'login-token' : 'claim-code').focus();
  return promise;
}

function onSubmit(id: string, send: (values: Record<string, string>) => Promise<void>): void {
  const form = at<HTMLFormElement>(id);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    at('door-error').textContent = '';
    send(fields(form)).catch((cause: unknown) => {
      at('door-error').textContent = cause instanceof Refused ? cause.message : String(cause);
    });
  });
}
