import type { Violation } from "./rule.ts";
import { Undecided } from "./subject/reading.ts";

/**
 * Judges each item by itself, so that one that is not known yet hides no violation of another.
 *
 * @throws Undecided if nothing was found and an item could not be judged.
 */
export function judgeEach<T>(
  items: readonly T[],
  judge: (item: T, index: number) => readonly Violation[],
): readonly Violation[] {
  let undecided: Undecided | undefined;
  const found = items.flatMap((item, index) => {
    try {
      return judge(item, index);
    } catch (error) {
      if (!(error instanceof Undecided)) throw error;
      undecided ??= error;
      return [];
    }
  });
  if (found.length === 0 && undecided !== undefined) throw undecided;
  return found;
}
