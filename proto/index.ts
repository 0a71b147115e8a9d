import './plain-numbers.ts';
import { bartizan } from './generated/messages.js';

/** The messages of `proto/bartizan/v1`, each with `encode` and `decode`, which throws on what is no such message. */
export const v1 = bartizan.v1;
export type { bartizan };
