import { expect, test } from 'bun:test';
import { generateName, isContainerName } from './names.ts';

test('generateName gives valid names and never one that is taken', () => {
  const taken = new Set<string>();
  for (let count = 0; count < 8000; count += 1) {
    const name = generateName((candidate) => taken.has(candidate));
    expect(taken.has(name)).toBe(false);
    expect(isContainerName(name)).toBe(true);
    taken.add(name);
  }
});

test('isContainerName follows the rule of docker', () => {
  for (const good of ['ab', 'web-1', 'a.b_c', '0x']) expect(isContainerName(good)).toBe(true);
  for (const bad of ['', 'a', '-ab', '_ab', 'a b', 'a/b', '../x', 'aé', 'a'.repeat(256)]) {
    expect(isContainerName(bad)).toBe(false);
  }
});
