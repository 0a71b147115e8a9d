import { bad, type Checked } from './leaf.ts';
import type { Token } from './lexer.ts';

const END: Token = { kind: 'end', value: '', at: 0, length: 0 };

/** The tokens of a query as its parser goes through them, and where it could not go on. */
export class Words {
  readonly #tokens: readonly Token[];
  #at = 0;
  /** UTF-16 units from the start of the query, of the first failure. */
  #failedAt: number | undefined;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get token(): Token {
    return this.#tokens[this.#at] ?? END;
  }

  get next(): Token {
    return this.#tokens[this.#at + 1] ?? END;
  }

  get failedAt(): number {
    return this.#failedAt ?? 0;
  }

  advance(): void {
    if (this.token.kind !== 'end') this.#at++;
  }

  mark(): number {
    return this.token.at;
  }

  isAt(kind: Token['kind']): boolean {
    return this.token.kind === kind;
  }

  isSign(sign: string): boolean {
    return this.token.kind === 'sign' && this.token.value === sign;
  }

  isWord(word: string): boolean {
    return this.token.kind === 'word' && this.token.value === word;
  }

  takeSign(sign: string): boolean {
    return this.#take(this.isSign(sign));
  }

  takeWord(word: string): boolean {
    return this.#take(this.isWord(word));
  }

  /** @param at where, if not at the present token */
  fail(why: string, at = this.token.at): ReturnType<typeof bad> {
    this.#failedAt ??= at;
    return bad(why);
  }

  /** What a check says; a failure is placed at `at`. */
  checked<T>(check: () => Checked<T>, at = this.token.at): Checked<T> {
    const result = check();
    return result.ok ? result : this.fail(result.public, at);
  }

  #take(is: boolean): boolean {
    if (is) this.advance();
    return is;
  }
}
