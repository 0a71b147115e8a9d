/** What a command's exit says; scripts rely on these numbers, so none ever changes its meaning. */
export const EXIT_CODES = {
  ok: { code: 0, meaning: 'Done.' },
  failed: { code: 1, meaning: 'It could not be done; the message says why.' },
  usage: { code: 2, meaning: 'The command line is wrong. Nothing was done.' },
  not_running: { code: 3, meaning: 'Bartizan does not run here, or keeps its state elsewhere (`--state`).' },
  refused: {
    code: 4,
    meaning:
      'Bartizan refused: what is asked for may not be (a protected address, too broad a network), or not as things stand (nothing is enforced at present). The message says which.',
  },
  config: { code: 5, meaning: 'The config is wrong; every problem is listed. `serve` does not start.' },
  unanswered: {
    code: 6,
    meaning:
      'Of what was ordered not all has come to an end within `--within`. It stands, and what becomes of it is shown later.',
  },
  interrupted: { code: 130, meaning: 'Ctrl-C: nobody waits any longer. What was begun goes on.' },
  restart: { code: 75, meaning: '`serve` only: start me again.' },
} as const satisfies Readonly<Record<string, { readonly code: number; readonly meaning: string }>>;

export type ExitName = keyof typeof EXIT_CODES;
export const exitCode = (name: ExitName): number => EXIT_CODES[name].code;
