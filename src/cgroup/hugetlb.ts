/** Huge pages: linux.resources.hugepageLimits. */

import { TiffinError } from '../base/errors.ts';
import { kernelNames } from '../host/kernel-files.ts';
import type { LinuxResources } from '../spec/runtime/resources.ts';
import { type CgroupWrite, type Controller, ENOENT, write } from './controller.ts';

export const hugetlb: Controller = {
  v1Name: 'hugetlb',
  v2Name: 'hugetlb',
  v1: (resources) => hugetlbWrites(resources, 'limit_in_bytes'),
  v2: (resources) => hugetlbWrites(resources, 'max'),
};

/** Page sizes that have counters in a directory, such as `2MB`. */
export function hugepageSizes(path: string): string[] {
  const sizes = kernelNames(path).map((name) => /^hugetlb\.([0-9]+[KMG]B)\./.exec(name)?.[1]);
  return [...new Set(sizes.filter((size) => size !== undefined))].sort();
}

function hugetlbWrites({ hugepageLimits = [] }: LinuxResources, file: string): CgroupWrite[] {
  return hugepageLimits.flatMap(({ pageSize, limit }) => {
    checkPageSize(pageSize);
    const why = `at most ${limit} bytes of ${pageSize} pages`;
    return [
      write(`hugetlb.${pageSize}.${file}`, limit, why),
      // Reservations have a counter of their own since Linux 5.7; without a limit there, faults would be killed instead.
      write(`hugetlb.${pageSize}.rsvd.${file}`, limit, why, [ENOENT]),
    ];
  });
}

/** The size becomes part of a file name. */
function checkPageSize(pageSize: string): void {
  if (/^[1-9][0-9]{0,9}[KMG]B$/.test(pageSize)) return;
  throw new TiffinError(
    'invalid',
    'invalid-page-size',
    `linux.resources.hugepageLimits: not a page size: ${JSON.stringify(pageSize.slice(0, 64))}`,
    { hint: 'write it as 2MB, 1GB or 64KB' },
  );
}
