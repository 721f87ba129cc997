import { basename, dirname, join } from "node:path";
import { parseContent, splitDocuments } from "../subject/documents.ts";
import { targetIn, type PatchTarget } from "../subject/patches.ts";
import type { Part } from "../subject/parts.ts";
import { isRecord, list, text, textsOf } from "../subject/reading.ts";
import type { SourceFile } from "./paths.ts";

/** The names that Kustomize looks for. */
export function isKustomization(file: string): boolean {
  return /^kustomization\.ya?ml$|^Kustomization$/.test(basename(file));
}

/** A kustomization may leave out what it is; Kustomize knows it by its file. */
export function asKustomization(content: unknown): unknown {
  if (!isRecord(content)) return content;
  return { apiVersion: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization", ...content };
}

/** Files that a kustomization lays over another object, with what it says about that object. */
export function patchFiles(sources: readonly SourceFile[]): ReadonlyMap<string, PatchTarget> {
  return new Map(
    sources
      .filter(({ file }) => isKustomization(file))
      .flatMap(({ file, text: written }) =>
        patchesOf(written).map(([path, target]) => [join(dirname(file), path), target] as const),
      ),
  );
}

function patchesOf(written: string): readonly (readonly [string, PatchTarget])[] {
  return splitDocuments(written).flatMap((document) => {
    try {
      const { content } = parseContent(document);
      if (!isRecord(content)) return [];
      return [
        ...textsOf(content, "patchesStrategicMerge").map((path) => [path, {}] as const),
        ...["patches", "patchesJson6902"].flatMap((key) =>
          list(content, key).flatMap((entry, i) => {
            const path = text(content, key, i, "path");
            return path === undefined || !isRecord(entry) ? [] : [[path, targetIn(entry)] as const];
          }),
        ),
      ];
    } catch {
      return []; // reported as unparsable where it is judged
    }
  });
}

/** What a kustomization takes from elsewhere or from a chart, which only rendering shows: the line and the reason. */
export function unrenderedIn({ content, lineOf }: Part): readonly (readonly [line: number, reason: string])[] {
  if (!isRecord(content) || content["kind"] !== "Kustomization") return [];
  if (!String(content["apiVersion"]).startsWith("kustomize.config.k8s.io/")) return [];
  const charts = ["helmCharts", "helmChartInflationGenerator"].flatMap((key) =>
    list(content, key).map((_, i) => [lineOf([key, i]), "renders a chart"] as const),
  );
  const remote = ["resources", "bases", "components"].flatMap((key) =>
    list(content, key).flatMap((one, i) =>
      typeof one === "string" && /^(?:https?:\/\/|git@|git::|ssh:\/\/|[\w.-]+\.[a-z]+\/[\w.-]+\/)/.test(one)
        ? [[lineOf([key, i]), "takes resources from another repository"] as const]
        : [],
    ),
  );
  return [...charts, ...remote].map(([line, what]) => [line, `${what}; ${renderFirst}`] as const);
}

/** How to judge what only Kustomize shows. */
export const renderFirst = "render it first: kustomize build ... | ameide-secrets lint -";
