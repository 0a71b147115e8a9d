import assert from 'node:assert/strict';
import { type Cidr, parseCidr } from '../../core/base/ip.ts';

/** Networks given as text. */
export const cidrs = (...texts: readonly string[]): readonly Cidr[] =>
  texts.map((text) => {
    const cidr = parseCidr(text);
    assert.ok(cidr.ok, text);
    return cidr.value;
  });
