// The name that somebody meant who mistyped it.

/** Above this share of letters that differ, a name is not what was meant. */
const MAX_DIFFERENCE = 0.5;

export interface NearestName {
  readonly name: string;
  /** Whether it is near enough to be what was meant. */
  readonly isLikely: boolean;
}

/** The candidate that differs least from `name`; `undefined` without candidates. */
export function nearestName(name: string, candidates: readonly string[]): NearestName | undefined {
  let nearest: NearestName | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const difference = distance(name, candidate);
    if (difference >= least) continue;
    least = difference;
    nearest = {
      name: candidate,
      isLikely: difference <= MAX_DIFFERENCE * (name.length + candidate.length),
    };
  }
  return nearest;
}

/**
 * How many letters have to be put in, left out, or exchanged with their neighbour. Another letter in the same place
 * counts as two, so that a name with a word too many is nearer to that name than to one with another word.
 */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      const isExchanged = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        last[j]! + 1,
        row[j - 1]! + 1,
        last[j - 1]! + (isSame ? 0 : 2),
        isExchanged ? beforeLast[j - 2]! + 1 : Number.POSITIVE_INFINITY,
      );
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
