import { flattened, judgeEach, type Violation, type Violations } from "./rule.ts";
import { containersOf, type Container } from "./subject/pods.ts";
import { under } from "./subject/reading.ts";
import type { Subject } from "./subject/subject.ts";

/**
 * Judges each container separately.
 *
 * @param judge - returns violations with paths within the container, and problems that do not name it.
 * @throws Undecided
 */
export function judgeContainers(subject: Subject, judge: (container: Container) => Violations): readonly Violation[] {
  return judgeEach(containersOf(subject), (container) =>
    under(container.path, () =>
      flattened(judge(container)).map(({ path = [], problem, ...rest }) => ({
        ...rest,
        path: [...container.path, ...path],
        problem: `container "${container.name}": ${problem}`,
      })),
    ),
  );
}
