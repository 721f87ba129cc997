import { judgeEach, type Violation } from "../rule.ts";
import { at, list, text, under, type Path } from "./reading.ts";
import { once, type Subject } from "./subject.ts";

export interface Container {
  readonly path: Path;
  readonly object: unknown;
  /** @throws Undecided */
  readonly name: string;
}

const containersKey = Symbol("containers");

/** Where the pod's own spec stands in a workload. */
export function podPath({ kind, type }: Subject): Path {
  if (kind === "CronJob") return ["spec", "jobTemplate", "spec", "template", "spec"];
  return /[/:]Pod(?:Patch)?$/.test(type) ? ["spec"] : ["spec", "template", "spec"];
}

/** Init containers too: they see the same volumes and the same network. @throws Undecided */
export function containersOf(subject: Subject): readonly Container[] {
  return once(subject, containersKey, () => {
    const pod = podPath(subject);
    return ["initContainers", "containers"].flatMap((key) =>
      list(subject.object, ...pod, key).map((object, i) => ({
        path: [...pod, key, i],
        object,
        name: text(object, "name") ?? `${key}[${i}]`,
      })),
    );
  });
}

/** Judges each container by itself. @throws Undecided */
export function judgeContainers(
  subject: Subject,
  judge: (container: Container) => readonly Violation[],
): readonly Violation[] {
  return judgeEach(containersOf(subject), (container) => under(container.path, () => judge(container)));
}

/** Words of command and arguments. @throws Undecided */
export function wordsOf({ object, path }: Container): readonly { readonly word: string; readonly path: Path }[] {
  return ["command", "args"].flatMap((key) =>
    list(object, key).flatMap((_, i) => {
      const word = text(object, key, i);
      return word === undefined ? [] : [{ word, path: [...path, key, i] }];
    }),
  );
}

/** Whether this is a run of vault-bootstrap, which holds the keys to everything. @throws Undecided */
export function isBootstrap(subject: Subject): boolean {
  const account = at(subject.object, ...podPath(subject), "serviceAccountName");
  const name = typeof account === "string" ? account : text(subject.object, "metadata", "name");
  return name?.includes("vault-bootstrap") ?? false;
}
