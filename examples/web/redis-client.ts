/**
 * As much of a Redis client as the API needs: RESP2, one pipelined connection that comes back by itself, and a
 * deadline on every command. Two tiny classes and no dependency, because a sample should be readable to its end.
 */
import net from 'node:net';

export type RespValue = string | number | null | Error | RespValue[];

/** An incremental RESP2 parser: feed it bytes as they come, it calls back with whole values. */
export class RespParser {
  #buffer: Buffer = Buffer.alloc(0);
  readonly #onValue: (value: RespValue) => void;

  constructor(onValue: (value: RespValue) => void) {
    this.#onValue = onValue;
  }

  feed(chunk: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    for (;;) {
      const parsed = this.#parse(0);
      if (!parsed) return;
      this.#buffer = this.#buffer.subarray(parsed.end);
      this.#onValue(parsed.value);
    }
  }

  #parse(start: number): { value: RespValue; end: number } | undefined {
    const lineEnd = this.#buffer.indexOf('\r\n', start);
    if (lineEnd < 0) return undefined;
    const type = String.fromCharCode(this.#buffer[start] as number);
    const line = this.#buffer.toString('utf8', start + 1, lineEnd);
    const end = lineEnd + 2;
    if (type === '+') return { value: line, end };
    if (type === '-') return { value: new Error(line), end };
    if (type === ':') return { value: Number(line), end };
    if (type === '$') return this.#parseBulk(Number(line), end);
    if (type === '*') return this.#parseArray(Number(line), end);
    throw new Error(`not RESP: ${type}${line}`);
  }

  #parseBulk(length: number, start: number): { value: RespValue; end: number } | undefined {
    if (length < 0) return { value: null, end: start };
    const end = start + length;
    if (this.#buffer.length < end + 2) return undefined;
    return { value: this.#buffer.toString('utf8', start, end), end: end + 2 };
  }

  #parseArray(length: number, start: number): { value: RespValue; end: number } | undefined {
    if (length < 0) return { value: null, end: start };
    const items: RespValue[] = [];
    let end = start;
    for (let index = 0; index < length; index++) {
      const item = this.#parse(end);
      if (!item) return undefined;
      items.push(item.value);
      end = item.end;
    }
    return { value: items, end };
  }
}

export function encodeCommand(parts: readonly string[]): string {
  return `*${parts.length}\r\n${parts.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join('')}`;
}

interface Waiting {
  readonly resolve: (value: string | number | null) => void;
  readonly reject: (error: Error) => void;
  readonly deadline: NodeJS.Timeout;
}

const COMMAND_TIMEOUT_MS = 4_000;

export class RedisClient {
  readonly #host: string;
  readonly #port: number;
  #socket: net.Socket | undefined;
  #waiting: Waiting[] = [];

  constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
  }

  /** Connects when needed; a broken connection fails what waits on it, and the next command opens a new one. */
  send(command: readonly string[]): Promise<string | number | null> {
    const socket = this.#socket ?? this.#connect();
    return new Promise((resolve, reject) => {
      // Replies come in order: after a missed one this connection means nothing any more.
      const deadline = setTimeout(() => this.#drop(socket, new Error('no answer in time')), COMMAND_TIMEOUT_MS);
      this.#waiting.push({ resolve, reject, deadline });
      socket.write(encodeCommand(command));
    });
  }

  close(): void {
    this.#socket?.end();
  }

  #connect(): net.Socket {
    const socket = net.connect({ host: this.#host, port: this.#port, noDelay: true });
    const parser = new RespParser((value) => {
      const waiting = this.#waiting.shift();
      if (!waiting) return;
      clearTimeout(waiting.deadline);
      if (value instanceof Error) waiting.reject(value);
      else waiting.resolve(Array.isArray(value) ? JSON.stringify(value) : value);
    });
    socket.on('data', (chunk) => parser.feed(chunk));
    socket.on('error', (error) => this.#drop(socket, error));
    socket.on('close', () => this.#drop(socket, new Error('connection closed')));
    this.#socket = socket;
    return socket;
  }

  #drop(socket: net.Socket, error: Error): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    socket.destroy();
    for (const waiting of this.#waiting.splice(0)) {
      clearTimeout(waiting.deadline);
      waiting.reject(error);
    }
  }
}
