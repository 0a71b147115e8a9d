import type { Clock } from '../../core/base/ports.ts';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { Turns } from '../../core/base/turns.ts';
import {
  ANSWER_WITHIN,
  type HostRefusal,
  type HostRequests,
  type HostVerb,
  LOOK_EVERY,
  type RequestFiles,
  type RequestMark,
} from './port.ts';

export interface FileRequestsParts {
  readonly files: RequestFiles;
  readonly clock: Pick<Clock, 'after'>;
}

/** Requests as files, which a path unit of the service manager waits for. */
export class FileRequests implements HostRequests {
  readonly #parts: FileRequestsParts;
  readonly #turns = new Turns();

  constructor(parts: FileRequestsParts) {
    this.#parts = parts;
  }

  ask(verb: HostVerb): Promise<Result<void, HostRefusal>> {
    return this.#turns.run(() =>
      this.#ask(verb).catch((thrown: unknown) =>
        fail('failed', `${verb} cannot be asked for: ${messageOf(thrown)}`, thrown),
      ),
    );
  }

  async #ask(verb: HostVerb): Promise<Result<void, HostRefusal>> {
    const { files } = this.#parts;
    const mark = await files.put(verb);
    for (let waited = 0; waited < ANSWER_WITHIN; waited += LOOK_EVERY) {
      const answer = answerTo(mark, (await files.answer(verb)) ?? '');
      if (answer !== undefined) return answer;
      await this.#pause();
    }
    await files.takeBack(verb);
    return fail('silent', `nobody does ${verb}: bartizan-host.path is not active`);
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#parts.clock.after(LOOK_EVERY, resolve);
    });
  }
}

/** The answer in this text, if it is one to this request. */
export function answerTo(mark: RequestMark, text: string): Result<void, 'refused'> | undefined {
  const [said = '', whose] = text.split('\n');
  if (whose !== `for ${mark}`) return undefined;
  return said === 'ok' ? ok(undefined) : fail('refused', said.replace(/^failed: /, '') || 'it said nothing');
}
