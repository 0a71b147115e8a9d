/** `text` compares as text, `ip` also by network, `number` and `time` (milliseconds) by order. */
export type FieldKind = 'text' | 'ip' | 'number' | 'time';

/** A field that can be searched, declared once: syntax, evaluation, pruning and the documentation read it. */
export interface Field<R = never> {
  /** Short, as people write it. */
  readonly name: string;
  /** Its name in the Elastic Common Schema, understood as well; absent where that has none. */
  readonly ecs?: string;
  readonly kind: FieldKind;
  readonly about: string;
  /** Free text is looked for here. */
  readonly isFreeText?: true;
  /** Its values are in the blooms of a segment: a search for one of them passes over blocks without it. */
  readonly isIndexed?: true;
  readonly of: (record: R) => string | number | undefined;
}

/** The fields of one kind of record. */
export interface Catalogue<R = never> {
  /** Plural, e.g. `events`. */
  readonly what: string;
  /** The first is the moment of a record, which range, order and buckets go by. */
  readonly fields: readonly Field<R>[];
  /** Fields whose names are not known beforehand. */
  readonly open?: (name: string) => Field<R> | undefined;
}

/** The field of that short or ECS name. */
export const fieldNamed = <R>({ fields, open }: Catalogue<R>, name: string): Field<R> | undefined =>
  fields.find((field) => field.name === name || field.ecs === name) ?? open?.(name);
