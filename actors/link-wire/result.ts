import type { Result } from '../../core/base/result.ts';
import type { OrderResult } from '../../core/link/order.ts';
import { v1 } from '../../proto/index.ts';
import { bytes, enumerated, idBytes, moment, text } from './checks.ts';
import { checked, decoder, type Unreadable } from './codec.ts';
import { LIMITS } from './limits.ts';
import { saidMoment, saidText, uuidBytes } from './said.ts';
import { COMMAND_STATE } from './words.ts';

const LONGEST_TEXT = 4096;
const LONGEST_CODE = 64;

export const decodeResult: (bytes: Uint8Array) => Result<OrderResult, Unreadable> = decoder(
  'Result',
  v1.Result,
  (message): OrderResult => ({
    id: idBytes(message.id, 'id'),
    state: enumerated(message.state, 'state', COMMAND_STATE.words),
    text: text(message.text, 'text', LONGEST_TEXT),
    at: moment(message.at, 'at'),
    code: text(message.code, 'code', LONGEST_CODE),
    detail: bytes(message.detail, 'detail', LIMITS.Result),
  }),
);

/** @returns too_long: the detail is; it can be left out */
export const encodeResult = ({
  id,
  state,
  text: said,
  at,
  code,
  detail,
}: OrderResult): Result<Uint8Array, Unreadable> =>
  checked(
    v1.Result.encode({
      id: uuidBytes(id),
      state: COMMAND_STATE.numbers[state],
      text: saidText(said, LONGEST_TEXT),
      at: saidMoment(at),
      code: saidText(code, LONGEST_CODE),
      detail,
    }).finish(),
    decodeResult,
  );
