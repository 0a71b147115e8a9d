/** A part as a test writes it. */
export interface TestPart {
  readonly name?: string;
  readonly fileName?: string;
  readonly mediaType?: string;
  readonly content: string | Uint8Array;
}

export const BOUNDARY = '----bartizan-test';
export const MULTIPART = `multipart/form-data; boundary=${BOUNDARY}`;

/** A multipart/form-data body. */
export function multipart(parts: readonly TestPart[]): Buffer {
  const pieces = parts.flatMap(({ name, fileName, mediaType, content }) => {
    const file = fileName === undefined ? '' : `; filename="${fileName}"`;
    const disposition = `Content-Disposition: form-data${name === undefined ? '' : `; name="${name}"`}${file}`;
    const type = mediaType === undefined ? '' : `\r\nContent-Type: ${mediaType}`;
    return [Buffer.from(`--${BOUNDARY}\r\n${disposition}${type}\r\n\r\n`), Buffer.from(content), Buffer.from('\r\n')];
  });
  return Buffer.concat([...pieces, Buffer.from(`--${BOUNDARY}--\r\n`)]);
}
