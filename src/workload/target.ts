/** Addresses of stores. */

/** Begins the address of a store of Holdfast's own kind; in an experiment it is that of the running Holdfast. */
export const OWN_STORE = 'store:';

/** For people: never with a password. */
export function withoutSecrets(text: string): string {
  try {
    const url = new URL(text);
    if (url.password !== '') url.password = '…';
    return decodeURIComponent(url.href);
  } catch {
    return text.replace(/\/\/[^@/]*@/, '//…@');
  }
}
