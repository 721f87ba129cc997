import { list, text, type Path } from "./reading.ts";
import { oncePerSubject, type Subject } from "./subject.ts";

export interface Container {
  readonly path: Path;
  readonly object: unknown;
  /** @throws Undecided */
  readonly name: string;
}

export function podPath({ kind, type }: Subject): Path {
  if (kind === "CronJob") return ["spec", "jobTemplate", "spec", "template", "spec"];
  return /[/:]Pod(?:Patch)?$/.test(type) ? ["spec"] : ["spec", "template", "spec"];
}

/** Containers and init containers: they share volumes and network. @throws Undecided */
export const containersOf = oncePerSubject((subject): readonly Container[] => {
  const pod = podPath(subject);
  return ["initContainers", "containers"].flatMap((key) =>
    list(subject.object, ...pod, key).map((object, i) => ({
      path: [...pod, key, i],
      object,
      name: text(object, "name") ?? `${key}[${i}]`,
    })),
  );
});

/** The words of command and arguments, each with its path in the container. @throws Undecided */
export function wordsOf({ object }: Container): readonly { readonly word: string; readonly path: Path }[] {
  return ["command", "args"].flatMap((key) =>
    list(object, key).flatMap((_, i) => {
      const word = text(object, key, i);
      return word === undefined ? [] : [{ word, path: [key, i] }];
    }),
  );
}
