/** Times as Docker writes them. */

const NS_PER_SECOND = 1_000_000_000n;

/** RFC 3339 in UTC with exactly nine digits of fraction, for many times close to each other: a log has thousands of lines to the second. */
export class TimeFormat {
  #second = -1n;
  #secondText = '';

  format(ns: bigint): string {
    const second = ns / NS_PER_SECOND;
    if (second !== this.#second) {
      this.#second = second;
      this.#secondText = new Date(Number(second) * 1000).toISOString().slice(0, 19);
    }
    return `${this.#secondText}.${String(ns - second * NS_PER_SECOND).padStart(9, '0')}Z`;
  }
}
