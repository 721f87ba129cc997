import { basename, dirname, join } from "node:path";
import { isRecord, list, text, textsOf } from "../subject/reading.ts";
import { parseContent, splitDocuments } from "../subject/documents.ts";
import type { SourceFile } from "./paths.ts";

/** Files that a kustomization lays over another object: a part of one, which says nothing by itself. */
export function patchFiles(sources: readonly SourceFile[]): ReadonlySet<string> {
  const kustomizations = sources.filter(({ file }) => /^kustomization\.ya?ml$|^Kustomization$/.test(basename(file)));
  return new Set(
    kustomizations.flatMap(({ file, text: written }) => patchesOf(written).map((to) => join(dirname(file), to))),
  );
}

function patchesOf(written: string): readonly string[] {
  return splitDocuments(written).flatMap((document) => {
    try {
      const { content } = parseContent(document);
      if (!isRecord(content)) return [];
      return [
        ...textsOf(content, "patchesStrategicMerge"),
        ...["patches", "patchesJson6902"].flatMap((key) =>
          list(content, key).flatMap((_, i) => text(content, key, i, "path") ?? []),
        ),
      ];
    } catch {
      return []; // told as unparsable where it is judged
    }
  });
}
