import { isDigit } from './fields.ts';

/** A position in a text. Who reads moves it past what was taken, and leaves it anywhere when that fails. */
export class Scan {
  readonly text: string;
  at: number;

  constructor(text: string, at = 0) {
    this.text = text;
    this.at = at;
  }

  skip(code: number): boolean {
    if (this.text.charCodeAt(this.at) !== code) return false;
    this.at++;
    return true;
  }

  /** A number of exactly `count` digits, or -1. */
  digits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      const code = this.text.charCodeAt(this.at + i);
      if (!isDigit(code)) return -1;
      value = value * 10 + code - 48;
    }
    this.at += count;
    return value;
  }

  /** Up to the next space, which is skipped, or the end. */
  word(): string {
    const space = this.text.indexOf(' ', this.at);
    const end = space < 0 ? this.text.length : space;
    const word = this.text.slice(this.at, end);
    this.at = Math.min(end + 1, this.text.length);
    return word;
  }
}
