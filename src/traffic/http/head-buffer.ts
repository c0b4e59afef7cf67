/**
 * Collects a head that arrives in several pieces. It grows by doubling, so a head that trickles in byte by byte costs
 * no more than its length; offsets into it stay valid while it grows.
 */
export class HeadBuffer {
  bytes: Buffer;
  length = 0;

  constructor(capacity = 4_096) {
    this.bytes = Buffer.allocUnsafe(capacity);
  }

  append(source: Buffer, from: number, to: number): void {
    const needed = this.length + (to - from);
    if (needed > this.bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2));
      this.bytes.copy(grown, 0, 0, this.length);
      this.bytes = grown;
    }
    source.copy(this.bytes, this.length, from, to);
    this.length = needed;
  }
}
