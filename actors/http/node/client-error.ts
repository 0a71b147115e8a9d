const STATUS: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** Status for what could not be parsed as a request, or did not come to its end in time. */
export const statusOf = (code: string | undefined): number => STATUS[code ?? ''] ?? 400;
