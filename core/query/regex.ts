import { compileLinearRegex } from '../base/linear-regex.ts';
import { ok } from '../base/result.ts';
import type { RegexEngine } from './evaluate.ts';

/** The engine behind `matches`. */
export const LINEAR_REGEX: RegexEngine = {
  compile(pattern, options) {
    const compiled = compileLinearRegex(pattern, options);
    return compiled.ok ? ok((text) => compiled.value.test(text)) : compiled;
  },
};

/**
 * The same engine with a clock beside it: a pattern that is linear may still take microseconds a character, and a block
 * has megabytes.
 * @param check called before each text; throws to end the search
 */
export const checked = ({ compile }: RegexEngine, check: () => void): RegexEngine => ({
  compile(pattern, options) {
    const compiled = compile(pattern, options);
    if (!compiled.ok) return compiled;
    return ok((text) => {
      check();
      return compiled.value(text);
    });
  },
});
