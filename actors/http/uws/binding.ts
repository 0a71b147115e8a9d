/**
 * The part of uWebSockets.js 20.57.0 that is used, as it behaves. Text arrives and leaves as UTF-8; buffers it hands out
 * are valid until the callback returns. Times are whole seconds, looked after every four.
 */
export interface Uws {
  SSLApp(options: {
    readonly key_file_name: string;
    readonly cert_file_name: string;
    readonly ssl_ciphers: string;
    readonly ssl_prefer_low_memory_usage: boolean;
  }): UwsApp;
  /** Refuses to share the port with another listener of the same user (no SO_REUSEPORT). */
  readonly LIBUS_LISTEN_EXCLUSIVE_PORT: number;
  us_listen_socket_close(socket: UwsListenSocket): void;
  us_socket_local_port(socket: UwsListenSocket): number;
  /** With `SILENT` replies do not name the engine. */
  _cfg(setting: string): void;
}

export const SILENT = '999999990007';

export interface UwsListenSocket {
  readonly uwsListenSocket: never;
}

export interface UwsApp {
  any(pattern: string, handler: (response: UwsResponse, request: UwsRequest) => void): UwsApp;
  /** `change` is 1 for a connection accepted, −1 for one that is gone. */
  filter(handler: (connection: Connection, change: number) => void): UwsApp;
  /** `false` when it cannot; why is not told. */
  listen(host: string, port: number, options: number, done: (socket: UwsListenSocket | false) => void): UwsApp;
  /** From accept to the first request's headers, and between two pieces of 16 kB/s of a body. */
  setIdleTimeout(seconds: number): UwsApp;
  /** After a reply, and while one cannot be written. */
  setResponseTimeout(seconds: number): UwsApp;
  getDescriptor(): unknown;
  /** Connections accepted from now on are handed round to the apps so added. */
  addChildAppDescriptor(descriptor: unknown): UwsApp;
  removeChildAppDescriptor(descriptor: unknown): UwsApp;
  /** Cuts every connection. */
  close(): UwsApp;
}

/** Valid during the call. */
export type Connection = Pick<UwsResponse, 'close'>;

/** Valid during the call of the request handler and of the microtasks it leads to. */
export interface UwsRequest {
  getCaseSensitiveMethod(): string;
  /** Without the query. */
  getUrl(): string;
  getQuery(): string | undefined;
  /** Names in lower case, in the order received. */
  forEach(each: (name: string, value: string) => void): void;
}

/**
 * Valid until the reply is complete or `onAborted` is called; throws when used later. Whoever returns from a request
 * handler without a complete reply and without `onAborted` ends the process.
 */
export interface UwsResponse {
  /** Not looked at. */
  writeStatus(status: string | Uint8Array): UwsResponse;
  /** Neither name nor value is looked at. */
  writeHeader(name: string, value: string | Uint8Array): UwsResponse;
  /** Sends a chunk of an endless body. False: it waits in memory, as will all that follows until `onWritable`. */
  write(chunk: string | Uint8Array): boolean;
  /** Takes the whole body, however much of it has to wait in memory; after `write` the rest of it. */
  end(body?: string | Uint8Array, closeConnection?: boolean): UwsResponse;
  /** With a length, as for HEAD, it is announced. */
  endWithoutBody(contentLength?: number): UwsResponse;
  /** Takes what can be written now. */
  tryEnd(rest: string | Uint8Array, total: number): [taken: boolean, complete: boolean];
  getWriteOffset(): number;
  /** Called when more can be written; returns whether all that was written was taken. */
  onWritable(handler: (offset: number) => boolean): UwsResponse;
  onAborted(handler: () => void): UwsResponse;
  onData(handler: (chunk: ArrayBuffer, isLast: boolean) => void): UwsResponse;
  /** Not while something waits to be written: `onWritable` would not be called. */
  pause(): void;
  resume(): void;
  /** Cuts the connection; calls `onAborted`. */
  close(): UwsResponse;
  /** What `write` puts out goes in one TLS record. Needed wherever this is not a callback of the engine. */
  cork(write: () => void): UwsResponse;
  /** 4 or 16 bytes. */
  getRemoteAddress(): ArrayBuffer;
}
