/** Names of an object schema's properties, in their order; none for any other schema. */
export const propertyNames = (schema: object): readonly string[] =>
  'properties' in schema && schema.properties ? Object.keys(schema.properties) : [];
