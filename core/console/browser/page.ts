/** The element with this id, which the page must have. */
export function at<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found as E;
}

/**
 * A table cell. Text only ever reaches the page as text: what an attacker wrote into a log is shown, not run.
 */
export function cell(content: string | Node, className = ''): HTMLTableCellElement {
  const td = document.createElement('td');
  td.append(content);
  if (className !== '') td.className = className;
  return td;
}

/** A button that cannot be pressed again while its work is under way; `press` shows its own failures. */
export function button(label: string, press: () => Promise<void>, className = 'quiet'): HTMLButtonElement {
  const made = document.createElement('button');
  made.type = 'button';
  made.textContent = label;
  made.className = className;
  made.addEventListener('click', () => {
    made.disabled = true;
    const free = (): void => {
      made.disabled = false;
    };
    press().then(free, free);
  });
  return made;
}

/** A moment in the reader's own zone, with the full one on hover. */
export function moment(iso: string): HTMLTimeElement {
  const time = document.createElement('time');
  const date = new Date(iso);
  time.dateTime = iso;
  time.title = iso;
  time.textContent = Number.isNaN(date.getTime())
    ? iso
    : date.toLocaleString(undefined, { dateStyle: 'short', timeStyle: 'medium' });
  return time;
}

/** What the form's fields hold, trimmed. */
export const fields = (form: HTMLFormElement): Record<string, string> =>
  Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()]));
