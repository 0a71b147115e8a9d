import { randomBytes } from 'node:crypto';
import type { SerialLine } from './line.ts';

export interface Ended {
  readonly code: number;
  /** Standard output and error. */
  readonly output: string;
}

/** The root shell on the second serial line, which {@link LOOKING_INSIDE} adds; a command at a time. */
export class Shell {
  readonly #line: SerialLine;

  constructor(line: SerialLine) {
    this.#line = line;
  }

  /** Resolves when it answers: early in the boot. */
  async open(withinMs: number): Promise<void> {
    const end = performance.now() + withinMs;
    for (;;) {
      try {
        await this.ask('stty -F /dev/ttyS1 -echo -onlcr', 5000);
        return;
      } catch (cause) {
        if (performance.now() > end) throw new Error(`no shell within ${withinMs / 1000} s`, { cause });
      }
    }
  }

  /** Runs a command line of sh, whatever its end. */
  async ask(command: string, withinMs = 60_000): Promise<Ended> {
    const tag = randomBytes(4).toString('hex');
    const mark = this.#line.mark;
    // The tag is put together inside, so that an echo of the command is not taken for its answer.
    this.#line.send(`printf '@%s@' ${tag}; { ${command}\n} </dev/null 2>&1; printf '@%s:%s@' ${tag} $?\n`);
    const [, output = '', code] = await this.#line.expect(
      new RegExp(`@${tag}@([\\s\\S]*)@${tag}:(\\d+)@`),
      withinMs,
      mark,
    );
    return { code: Number(code), output: output.trim() };
  }

  /** @throws Error when it ends badly */
  async run(command: string, withinMs?: number): Promise<string> {
    const { code, output } = await this.ask(command, withinMs);
    if (code !== 0) throw new Error(`in the guest, \`${command}\` ended with ${code}: ${output}`);
    return output;
  }
}
