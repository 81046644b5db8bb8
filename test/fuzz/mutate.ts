/** Mutations that are the same on every machine. */

export type Random = (below: number) => number;

/** A linear congruence. */
export function generator(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return below === 0 ? 0 : Math.floor((state / 2 ** 32) * below);
  };
}

/** A few insertions, deletions and repetitions. */
export function mutateText(seed: string, pieces: readonly string[], random: Random): string {
  let text = seed;
  for (let count = 1 + random(6); count > 0; count -= 1) {
    const at = random(text.length + 1);
    const piece = pieces[random(pieces.length)] ?? '';
    const kind = random(4);
    if (kind === 0) text = text.slice(0, at) + piece + text.slice(at);
    else if (kind === 1) text = text.slice(0, at) + text.slice(at + 1 + random(8));
    else if (kind === 2)
      text = text.slice(0, at) + text.slice(random(text.length + 1)).slice(0, 200);
    else text = text.slice(0, at);
  }
  return text;
}

/** Any JSON value with some of its parts replaced, removed, repeated or renamed. */
export function mutateJson(value: unknown, strange: readonly unknown[], random: Random): unknown {
  if (random(12) === 0) return strange[random(strange.length)];
  if (Array.isArray(value)) {
    const items = value.map((item) => mutateJson(item, strange, random));
    return random(8) === 0 ? [...items, ...items] : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  const fields: [string, unknown][] = [];
  for (const [key, field] of Object.entries(value)) {
    const kind = random(20);
    if (kind === 0) continue;
    fields.push([kind === 1 ? '__proto__' : key, mutateJson(field, strange, random)]);
  }
  return Object.fromEntries(fields);
}

/** Runs a target that must answer, or throw what `isRefusal` accepts, within the time. Whether it answered. */
export function answers(
  target: () => unknown,
  isRefusal: (error: unknown) => boolean,
  input: unknown,
  maxMs = 2000,
): boolean {
  const startMs = performance.now();
  let answered = true;
  try {
    target();
  } catch (error) {
    if (!isRefusal(error)) throw new Error(`input: ${JSON.stringify(input)}`, { cause: error });
    answered = false;
  }
  if (performance.now() - startMs > maxMs) throw new Error(`slow: ${JSON.stringify(input)}`);
  return answered;
}
