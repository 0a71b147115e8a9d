import type { OrderResult } from './order.ts';

/** Whether more may come of it. */
export const isFinal = ({ state }: OrderResult): boolean => state !== 'accepted';

/**
 * What a controller believes of an order after another result of it arrived: the first final one stays. Results are not
 * signed and come again; an order that was done is not undone by a later word.
 */
export const settledResult = (known: OrderResult | undefined, arrived: OrderResult): OrderResult =>
  known !== undefined && (isFinal(known) || !isFinal(arrived)) ? known : arrived;
