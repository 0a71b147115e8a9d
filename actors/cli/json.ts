/** An answer as JSON gives it: nothing about it is certain. */
export type Json = Readonly<Record<string, unknown>>;

export const objectIn = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};

/** The objects of a list; upstream writes an empty list as null. */
export const objectsIn = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.map(objectIn) : []);

export const textAt = (json: Json, key: string): string | undefined => {
  const value = json[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
};

export const numberAt = (json: Json, key: string): number | undefined => {
  const value = json[key];
  return typeof value === 'number' ? value : undefined;
};

export const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

export const isTrue = (json: Json, key: string): boolean => json[key] === true;
