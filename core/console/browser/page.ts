/** The element with this id, which the page must have. */
export function at<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found as E;
}

/** An element. Text reaches the page as text only: what an attacker wrote into a log is shown, never run. */
export function made<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  content: string | readonly Node[] = [],
  className = '',
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.append(...(typeof content === 'string' ? [content] : content));
  if (className !== '') element.className = className;
  return element;
}

/** A button that does `act` to `value`; whoever listens on the page carries it out. */
export function actButton(act: string, value: string, label: string, spoken: string): HTMLButtonElement {
  const button = made('button', label, 'quiet');
  button.type = 'button';
  button.dataset['act'] = act;
  button.value = value;
  button.setAttribute('aria-label', spoken);
  return button;
}

/** What the form's fields hold, trimmed. */
export const fields = (form: HTMLFormElement): Record<string, string> =>
  Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()]));

/**
 * Does `work` on behalf of an element (a form, a table row, a card), which is marked busy and takes no second order
 * meanwhile. Why it failed is said in the section that the element stands in, or above the page, until the next order.
 * @returns whether it was done
 */
export async function onBehalfOf(element: HTMLElement, work: () => Promise<unknown>): Promise<boolean> {
  if (element.ariaBusy === 'true') return false;
  const place = element.closest('section, #door')?.querySelector('.error') ?? at('trouble');
  element.ariaBusy = 'true';
  for (const said of document.querySelectorAll('section .error, #door .error')) said.replaceChildren();
  try {
    await work();
    return true;
  } catch (cause) {
    place.replaceChildren(cause instanceof Error ? cause.message : String(cause));
    return false;
  } finally {
    element.ariaBusy = null;
  }
}
