/** Byte classes of HTTP/1.1 (RFC 9110 and 9112), as tables: the parser looks at every byte of every head once. */
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const TAB = 0x09;
export const COLON = 0x3a;

/** `token` characters: header names and methods. */
export const TOKEN = table("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

/** Field values: visible, space, tab, and bytes above ASCII; every other control character is refused. */
export const VALUE = range(0x20, 0x7e, 0x80, 0xff, TAB, TAB);

/** Request targets: no space, no control character. Raw bytes above ASCII are passed on as they came. */
export const TARGET = range(0x21, 0x7e, 0x80, 0xff);

function table(characters: string): Uint8Array {
  const out = new Uint8Array(256);
  for (const character of characters) out[character.charCodeAt(0)] = 1;
  return out;
}

function range(...bounds: number[]): Uint8Array {
  const out = new Uint8Array(256);
  for (let i = 0; i < bounds.length; i += 2) out.fill(1, bounds[i] as number, (bounds[i + 1] as number) + 1);
  return out;
}

/** Whether the bytes from `start` spell `lower`, in any case of ASCII letters. The caller has compared the lengths. */
export function spells(bytes: Uint8Array, start: number, lower: string): boolean {
  for (let i = 0; i < lower.length; i++)
    if (((bytes[start + i] as number) | 0x20) !== lower.charCodeAt(i)) return false;
  return true;
}

/** Whether the bytes from `start` are exactly `text`. The caller has compared the lengths. */
export function equals(bytes: Uint8Array, start: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
  return true;
}
