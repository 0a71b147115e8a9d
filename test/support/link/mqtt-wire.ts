/** As much of MQTT 5 as a broker of our own needs: no session of its own, QoS 0 and 1, of all properties three. */

export interface Publish {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: number;
  readonly isRetained: boolean;
  readonly id: number;
  readonly contentType: string | undefined;
}

export type Packet =
  | { readonly kind: 'connect'; readonly clientId: string }
  | ({ readonly kind: 'publish' } & Publish)
  | { readonly kind: 'subscribe' | 'unsubscribe'; readonly id: number; readonly filters: readonly string[] }
  | { readonly kind: 'puback'; readonly id: number }
  | { readonly kind: 'ping' | 'disconnect' | 'other' };

const CONTENT_TYPE = 3;
const [CONNECT, PUBLISH, PUBACK, SUBSCRIBE, UNSUBSCRIBE, PINGREQ, DISCONNECT] = [1, 3, 4, 8, 10, 12, 14];
const QOS_1 = 0x02;
const RETAIN = 0x01;

/** 2.2.2.2: how long the value of each property is that a PUBLISH has; a number, or a string, or pairs of them. */
const PROPERTY_BYTES: Readonly<Record<number, number | 'text' | 'pair'>> = {
  1: 1,
  2: 4,
  [CONTENT_TYPE]: 'text',
  8: 'text',
  9: 'text',
  35: 2,
  38: 'pair',
};

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    return this.#bytes.readUInt8(this.#at++);
  }

  short(): number {
    this.#at += 2;
    return this.#bytes.readUInt16BE(this.#at - 2);
  }

  bytes(length: number): Buffer {
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  text(): string {
    return this.bytes(this.short()).toString('utf8');
  }

  varint(): number {
    let [value, shift, byte] = [0, 0, 0x80];
    while (byte & 0x80) {
      byte = this.byte();
      value |= (byte & 0x7f) << shift;
      shift += 7;
    }
    return value;
  }

  rest(): Buffer {
    return this.bytes(this.left);
  }
}

const varint = (value: number): Buffer => {
  const bytes: number[] = [];
  let left = value;
  do {
    bytes.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    left >>>= 7;
  } while (left > 0);
  return Buffer.from(bytes);
};

const text = (value: string): Buffer => {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
};

const packet = (first: number, ...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([first]), varint(body.length), body]);
};

const short = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
const NO_PROPERTIES = Buffer.from([0]);

/** 3.2; without a session, and without topic aliases. */
export const connack = (): Buffer => packet(0x20, Buffer.from([0, 0]), NO_PROPERTIES);
export const puback = (id: number): Buffer => packet(0x40, short(id));
/** All are granted with QoS 1. */
export const suback = (id: number, filters: number): Buffer =>
  packet(0x90, short(id), NO_PROPERTIES, Buffer.alloc(filters, 1));
export const unsuback = (id: number, filters: number): Buffer =>
  packet(0xb0, short(id), NO_PROPERTIES, Buffer.alloc(filters, 0));
export const pingresp = (): Buffer => packet(0xd0);

export function publish({ topic, payload, isRetained, id, contentType }: Omit<Publish, 'qos'>): Buffer {
  const properties =
    contentType === undefined ? Buffer.alloc(0) : Buffer.concat([Buffer.from([CONTENT_TYPE]), text(contentType)]);
  const first = (PUBLISH << 4) | QOS_1 | (isRetained ? RETAIN : 0);
  return packet(first, text(topic), short(id), varint(properties.length), properties, payload);
}

/** Takes bytes as they come and gives packets out. */
export class PacketReader {
  #pending = Buffer.alloc(0);

  take(bytes: Buffer): readonly Packet[] {
    this.#pending = Buffer.concat([this.#pending, bytes]);
    const packets: Packet[] = [];
    for (let whole = this.#next(); whole !== undefined; whole = this.#next()) packets.push(whole);
    return packets;
  }

  #next(): Packet | undefined {
    const pending = this.#pending;
    // The length is complete with the first byte that has no high bit.
    const last = pending.subarray(1, 5).findIndex((byte) => (byte & 0x80) === 0);
    if (pending.length < 2 || last < 0) return undefined;
    const head = 2 + last;
    const end = head + new Reader(pending.subarray(1)).varint();
    if (pending.length < end) return undefined;
    this.#pending = pending.subarray(end);
    return read(pending.readUInt8(0), new Reader(pending.subarray(head, end)));
  }
}

function read(first: number, reader: Reader): Packet {
  switch (first >> 4) {
    case CONNECT: {
      // Protocol name, version, flags, keep alive.
      reader.text();
      reader.bytes(4);
      reader.bytes(reader.varint());
      return { kind: 'connect', clientId: reader.text() };
    }
    case PUBLISH:
      return readPublish(first, reader);
    case SUBSCRIBE:
    case UNSUBSCRIBE: {
      const isSubscribe = first >> 4 === SUBSCRIBE;
      const id = reader.short();
      reader.bytes(reader.varint());
      const filters: string[] = [];
      while (reader.left > 0) {
        filters.push(reader.text());
        if (isSubscribe) reader.byte();
      }
      return { kind: isSubscribe ? 'subscribe' : 'unsubscribe', id, filters };
    }
    case PUBACK:
      return { kind: 'puback', id: reader.short() };
    case PINGREQ:
      return { kind: 'ping' };
    case DISCONNECT:
      return { kind: 'disconnect' };
    default:
      return { kind: 'other' };
  }
}

function readPublish(first: number, reader: Reader): Packet {
  const topic = reader.text();
  const qos = (first >> 1) & 3;
  const id = qos > 0 ? reader.short() : 0;
  const properties = new Reader(reader.bytes(reader.varint()));
  let contentType: string | undefined;
  while (properties.left > 0) {
    const name = properties.varint();
    const size = PROPERTY_BYTES[name];
    if (size === undefined) throw new Error(`a property ${name}`);
    if (typeof size === 'number') properties.bytes(size);
    else {
      const value = properties.text();
      if (size === 'pair') properties.text();
      if (name === CONTENT_TYPE) contentType = value;
    }
  }
  return { kind: 'publish', topic, qos, id, payload: reader.rest(), isRetained: (first & RETAIN) !== 0, contentType };
}

/** 4.7. */
export function matches(filter: string, topic: string): boolean {
  const [wanted, given] = [filter.split('/'), topic.split('/')];
  for (const [i, word] of wanted.entries()) {
    if (word === '#') return true;
    if (word !== '+' && word !== given[i]) return false;
  }
  return wanted.length === given.length;
}
