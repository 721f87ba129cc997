import { flattened, judgeEach, type Violation, type Violations } from "./rule.ts";
import { containersOf, type Container } from "./subject/pods.ts";
import { Undecided, type Path } from "./subject/reading.ts";
import type { Subject } from "./subject/subject.ts";

/** Judges each container. `judge` returns paths within it, and problems that do not name it. @throws Undecided */
export function judgeContainers(subject: Subject, judge: (container: Container) => Violations): readonly Violation[] {
  return judgeEach(containersOf(subject), (container) => {
    const whole = (path: Path): Path => [...container.path, ...path];
    try {
      return flattened(judge(container)).map(({ path = [], problem, ...rest }) => ({
        ...rest,
        path: whole(path),
        problem: `container "${container.name}": ${problem}`,
      }));
    } catch (error) {
      throw error instanceof Undecided ? new Undecided(whole(error.path)) : error;
    }
  });
}
