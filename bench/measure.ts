/** Timing and its summary: peers take turns within a round, so that a noisy minute hits all of them alike. */

export interface Contender {
  peer: string;
  /** One measured unit of work; throws when it did not do what it should. */
  once: () => Promise<void> | void;
  /** Runs before each unit, unmeasured. */
  before?: () => Promise<void> | void;
  /** Runs after each unit, unmeasured. */
  after?: () => Promise<void> | void;
}

export interface Figure {
  peer: string;
  /** Milliseconds, median of the rounds; undefined when the peer could not do it, with `note` saying why. */
  median: number | undefined;
  min: number;
  max: number;
  note?: string;
}

export async function takeTurns(
  contenders: readonly Contender[],
  rounds: number,
): Promise<Figure[]> {
  const times = new Map<string, number[]>(contenders.map(({ peer }) => [peer, []]));
  const broken = new Map<string, string>();
  // The first round warms caches and is not counted.
  for (let round = -1; round < rounds; round += 1) {
    for (const contender of contenders) {
      if (broken.has(contender.peer)) continue;
      try {
        const ms = await timed(contender);
        if (round >= 0) times.get(contender.peer)?.push(ms);
      } catch (error) {
        broken.set(contender.peer, error instanceof Error ? error.message : String(error));
      }
    }
  }
  return contenders.map(({ peer }) => summarize(peer, times.get(peer) ?? [], broken.get(peer)));
}

async function timed(contender: Contender): Promise<number> {
  await contender.before?.();
  const start = performance.now();
  await contender.once();
  const ms = performance.now() - start;
  await contender.after?.();
  return ms;
}

function summarize(peer: string, times: readonly number[], note: string | undefined): Figure {
  const sorted = times.toSorted((a, b) => a - b);
  const figure = {
    peer,
    median: note === undefined ? median(sorted) : undefined,
    min: sorted[0] ?? Number.NaN,
    max: sorted.at(-1) ?? Number.NaN,
  };
  return note === undefined ? figure : { ...figure, note };
}

/** The median of sorted numbers. */
export function median(sorted: readonly number[]): number {
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
