/** Addresses of stores, for people: never with a password. */
export function withoutSecrets(text: string): string {
  try {
    const url = new URL(text);
    if (url.password !== '') url.password = '…';
    return decodeURIComponent(url.href);
  } catch {
    return text.replace(/\/\/[^@/]*@/, '//…@');
  }
}
