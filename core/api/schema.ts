/** Names of an object schema's properties, in their order; none for any other schema. */
export const propertyNames = (schema: object): readonly string[] =>
  'properties' in schema && schema.properties ? Object.keys(schema.properties) : [];

/** A schema as plain JSON. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** The schema as plain JSON; with `refuse`, every object in it closed that does not say what it does with further fields. */
export function plainSchema(schema: object, unknownField: 'refuse' | 'ignore' = 'ignore'): JsonSchema {
  const plain = JSON.parse(JSON.stringify(schema)) as JsonSchema;
  return unknownField === 'refuse' ? closed(plain) : plain;
}

function closed<S>(schema: S): S {
  if (Array.isArray(schema)) return schema.map(closed) as S;
  if (typeof schema !== 'object' || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  const open = inner['type'] === 'object' && !('additionalProperties' in inner) && !('patternProperties' in inner);
  return (open ? { ...inner, additionalProperties: false } : inner) as S;
}
