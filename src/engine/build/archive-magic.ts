/** Whether a file begins like an archive that ADD unpacks. */

const MAGICS: readonly (readonly number[])[] = [
  [0x1f, 0x8b, 0x08],
  [0x28, 0xb5, 0x2f, 0xfd],
  [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
  [0x42, 0x5a, 0x68],
];
const USTAR = 257;

export function looksLikeArchive(head: Uint8Array): boolean {
  const compressed = MAGICS.some((magic) => magic.every((byte, at) => head[at] === byte));
  return compressed || Buffer.from(head.subarray(USTAR, USTAR + 5)).toString('latin1') === 'ustar';
}
