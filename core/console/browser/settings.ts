import { get, post, Refused, useCsrf } from './api.ts';
import { type FieldView, fieldView } from './fields.ts';
import { at, made, onBehalfOf } from './page.ts';
import { SettingsTrial, sayOutcome } from './settings-trial.ts';
import type {
  ChangeDetail,
  Rollback,
  Session,
  SettingsList,
  SettingsSection,
  SettingsState,
  SettingsWritten,
  Status,
} from './wire.ts';

const API = '/api/v1/settings';

/** How often the end of a trial, or of a restart, is looked for. */
const LOOK_MS = 2000;

/** The section that is shown, as it was read. */
interface Shown {
  readonly section: SettingsSection;
  readonly etag: string;
  /** What each field held when it was drawn, as text. */
  readonly before: ReadonlyMap<string, string>;
  readonly views: readonly FieldView[];
}

const wanted = (): string => location.hash.slice(1);

function drawSections({ groups, sections }: SettingsList): void {
  const parts = groups.flatMap((group) => {
    const links = sections.filter((section) => section.group === group).map(linkTo);
    return links.length === 0 ? [] : [made('h3', group), ...links];
  });
  at('sections').replaceChildren(...parts);
}

function linkTo({ id, title }: SettingsSection): HTMLAnchorElement {
  const link = made('a', title);
  link.href = `#${id}`;
  return link;
}

function sayWaiting({ pending_restart: isWaiting, pending_fields: fields }: SettingsState): void {
  at('waiting').hidden = !isWaiting;
  at('waiting-says').textContent = `Saved, and in effect after the next start: ${fields.join(', ')}.`;
}

/** Fields that hold something else than was read; what cannot be read is said beside them. */
function changes({ views, before }: Shown): Record<string, unknown> | undefined {
  const changed: Record<string, unknown> = {};
  let isWrong = false;
  for (const view of views) {
    view.say('');
    try {
      const value = view.value();
      if (JSON.stringify(value) !== before.get(view.key)) changed[view.key] = value;
    } catch (cause) {
      isWrong = true;
      view.say(messageOf(cause));
    }
  }
  return isWrong ? undefined : changed;
}

/** Beside the fields that they are about. */
function sayProblems({ section, views }: Shown, cause: unknown): void {
  if (!(cause instanceof Refused)) return;
  for (const { field, message } of cause.fields) {
    const path = (key: string) => (key === '' ? section.id : `${section.id}.${key}`);
    const view = views.find(({ key }) => field === path(key) || new RegExp(`^${path(key)}[.[]`).test(field));
    const where =
      view !== undefined && field.length > path(view.key).length ? `${field.slice(path(view.key).length)}: ` : '';
    view?.say(`${where}${message}`);
  }
}

/** Asks again until the appliance answers as another run than the one that was asked to end. */
async function restart(): Promise<void> {
  const { started_at_token: token } = await post<{ readonly started_at_token: string }>(`${API}/restart`, {});
  at('restart-says').textContent = 'Restarting …';
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    const status = await get<Status>('/api/v1/status').catch(() => undefined);
    if (status !== undefined && status.started_at_token !== token) return location.reload();
  }
}

function onClick(id: string, work: () => Promise<unknown>): void {
  const button = at(id);
  button.addEventListener('click', () => onBehalfOf(button, work));
}

/** The open page: one section of the settings, and what is under way. */
class SettingsPage {
  #shown: Shown | undefined;
  #asked = 0;
  readonly #trial = new SettingsTrial();

  /** Of several sections that were asked for only the last is shown. */
  async load(): Promise<void> {
    const mine = ++this.#asked;
    const state = await get<SettingsState>(`${API}/${encodeURIComponent(wanted())}`);
    if (mine !== this.#asked) return;
    const { section, values, etag } = state;
    const views = section.fields.map((field) =>
      fieldView(field, values[field.yaml_path === '' ? section.id : field.yaml_path]),
    );
    const before = new Map(views.map((view) => [view.key, JSON.stringify(view.value())]));
    this.#shown = { section, etag, before, views };
    at('section-title').textContent = section.title;
    at('section-note').textContent = section.can_cut
      ? 'A wrong value may shut you out: what is saved here is tried, and taken back unless it is confirmed in time.'
      : '';
    at('force').hidden = !section.can_cut;
    at('section-fields').replaceChildren(...views.map(({ element }) => element));
    for (const link of document.querySelectorAll('nav a'))
      link.ariaCurrent = link.getAttribute('href') === `#${section.id}` ? 'page' : null;
    sayWaiting(state);
    at('edited').hidden = !state.edited_on_disk;
  }

  async save(form: HTMLFormElement): Promise<void> {
    const now = this.#shown;
    const changed = now && changes(now);
    at('saved').textContent = '';
    if (now === undefined || changed === undefined) return;
    if (Object.keys(changed).length === 0) {
      at('saved').textContent = 'Nothing was changed.';
      return;
    }
    const reason = at<HTMLInputElement>('force-reason').value.trim();
    await onBehalfOf(form, async () => {
      const body = { changes: changed, ...(reason === '' ? {} : { force_reason: reason }) };
      const done = await post<SettingsWritten>(`${API}/${now.section.id}`, body, { 'If-Match': now.etag }).catch(
        (cause: unknown) => {
          sayProblems(now, cause);
          throw cause;
        },
      );
      at<HTMLInputElement>('force-reason').value = '';
      await this.load();
      at('saved').textContent = [`Saved: ${done.applied.join(', ')}.`, ...done.warnings.map((one) => one.message)].join(
        ' ',
      );
      await this.lookForTrial();
    });
  }

  async lookForTrial(): Promise<void> {
    const before = this.#trial.id;
    const trial = await get<Rollback>(`${API}/firewall/rollback`);
    this.#trial.show(trial);
    if (before === undefined || trial.change_id === before) return;
    sayOutcome(await get<ChangeDetail>(`/api/v1/changes/${before}`));
    await this.load();
  }

  listen(): void {
    const form = at<HTMLFormElement>('section-form');
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.save(form);
    });
    addEventListener('hashchange', () => {
      at('saved').textContent = '';
      this.load().then(() => at('section-title').focus(), complain);
    });
    onClick('restart', restart);
    onClick('take-over', async () => {
      await post(`${API}/reload`, {});
      await this.load();
      await this.lookForTrial();
    });
    for (const end of ['confirm', 'revert'])
      onClick(end, async () => {
        await post(`${API}/firewall/${end}`, {});
        await this.lookForTrial();
      });
    setInterval(() => {
      if (!document.hidden) this.lookForTrial().catch((cause: unknown) => this.#trial.silence(cause));
    }, LOOK_MS);
  }
}

async function main(): Promise<void> {
  const session = await get<Session>('/api/v1/session');
  if (!session.authenticated) return location.replace('/');
  useCsrf(session.csrf_token);
  const list = await get<SettingsList>(API);
  at('house').hidden = false;
  drawSections(list);
  if (!list.sections.some(({ id }) => id === wanted())) location.replace(`#${list.sections[0]?.id ?? ''}`);
  const page = new SettingsPage();
  page.listen();
  await page.load();
  await page.lookForTrial();
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
const complain = (cause: unknown): void => {
  at('trouble').textContent = messageOf(cause);
};

main().catch(complain);
