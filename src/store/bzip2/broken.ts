/** Data that is no bzip2. */
export class BrokenBzip2 extends Error {
  override readonly name = 'BrokenBzip2';
}
