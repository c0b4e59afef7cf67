import { describe, expect, it } from 'vitest';
import { checkOrigin, isLoopback, originPolicy } from './origin.ts';

function allows(policy: ReturnType<typeof originPolicy>, host: string | undefined): boolean {
  try {
    checkOrigin({ host }, policy);
    return true;
  } catch {
    return false;
  }
}

describe('origin policy', () => {
  it.each(['127.0.0.1', '127.8.9.1', 'localhost', '::1', '[::1]'])('%s is loopback', (host) => {
    expect(isLoopback(host)).toBe(true);
  });

  it.each(['0.0.0.0', '::', '10.0.0.1', 'example.org', '127.0.0.1.example.org', ''])('%s is not', (host) => {
    expect(isLoopback(host)).toBe(false);
  });

  it('on loopback takes no other address, not even a literal one', () => {
    const policy = originPolicy('127.0.0.1', 'box');
    expect(allows(policy, '127.0.0.1:7420')).toBe(true);
    expect(allows(policy, 'LOCALHOST:7420')).toBe(true);
    for (const host of ['10.0.0.5:7420', 'box:7420', '', ' ', 'a b', 'localhost:7420:1', '[::1', undefined]) {
      expect(allows(policy, host), String(host)).toBe(false);
    }
  });

  it('beyond loopback takes its own names and literal addresses, still no foreign name', () => {
    const policy = originPolicy('0.0.0.0', 'Box');
    for (const host of ['10.0.0.5:7420', 'box:7420', '[fe80::1]:7420', 'localhost']) {
      expect(allows(policy, host), host).toBe(true);
    }
    expect(allows(policy, 'evil.example:7420')).toBe(false);
  });
});
