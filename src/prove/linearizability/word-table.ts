/** Pairs of words to a word, in flat memory: what is asked millions of times without making an object. */

export class WordTable {
  /** Not known. */
  static readonly NONE = -0x8000_0000;
  #a = new Int32Array(256);
  #b = new Int32Array(256);
  #to = new Int32Array(256).fill(WordTable.NONE);
  #count = 0;

  get bytes(): number {
    return this.#to.length * 12;
  }

  get(a: number, b: number): number {
    return this.#to[this.#find(a, b)] as number;
  }

  set(a: number, b: number, to: number): void {
    const at = this.#find(a, b);
    if (this.#to[at] === WordTable.NONE) this.#count++;
    this.#a[at] = a;
    this.#b[at] = b;
    this.#to[at] = to;
    if (this.#count * 2 > this.#to.length) this.#grow();
  }

  #find(a: number, b: number): number {
    const last = this.#to.length - 1;
    const mixed = Math.imul(a, 0x9e3779b1) ^ Math.imul(b ^ (b >>> 15), 0x85ebca6b);
    let at = (mixed ^ (mixed >>> 15)) & last;
    while (this.#to[at] !== WordTable.NONE && (this.#a[at] !== a || this.#b[at] !== b)) at = (at + 1) & last;
    return at;
  }

  #grow(): void {
    const [a, b, to] = [this.#a, this.#b, this.#to];
    this.#a = new Int32Array(a.length * 2);
    this.#b = new Int32Array(a.length * 2);
    this.#to = new Int32Array(a.length * 2).fill(WordTable.NONE);
    for (let n = 0; n < to.length; n++) {
      if (to[n] === WordTable.NONE) continue;
      const at = this.#find(a[n] as number, b[n] as number);
      this.#a[at] = a[n] as number;
      this.#b[at] = b[n] as number;
      this.#to[at] = to[n] as number;
    }
  }
}
