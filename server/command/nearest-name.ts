// Finds the name that a mistyped name was meant to be.

/** If more than this share of the letters differ, the name is not the one that was meant. */
const MAX_DIFFERENCE = 0.5;

export interface NearestName {
  readonly name: string;
  /** Whether the name is near enough to be the one that was meant. */
  readonly isLikely: boolean;
}

/** Returns the candidate that differs least from `name`, or `undefined` if there are no candidates. */
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
 * Returns the number of letters that must be inserted, deleted or swapped with their neighbour. A replaced letter counts as
 * two. So a name with an extra word is nearer to the name without that word than to a name with another word in its place.
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
