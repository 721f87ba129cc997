import { deploymentTemplate, isTemplate } from "./arm-template.ts";
import { below, parseContent, splitDocuments, type Part } from "./documents.ts";
import { kindOfManifest } from "./kinds.ts";
import { mayPatch, patchesUnder, type Patch } from "./patches.ts";
import { isManifest, isRecord, isUnknown, unknownValue, type Path } from "./reading.ts";

/** Nobody nests texts within texts deeper than this, except to hide something. */
const deepestText = 6;

export interface Applied {
  /** Manifests and ARM templates. */
  readonly parts: readonly Part[];
  /** Of objects that patch what they collect or render. */
  readonly patches: readonly Patch[];
}

/**
 * Everything in a value that another tool applies, under any key, as objects (`extraObjects` of a chart, `objs` of a
 * ConfigGroup) or as YAML or JSON texts (a key of a ConfigMap); not the value itself.
 */
export function appliedIn(whole: Part, depth = 0): Applied {
  const parts: Part[] = [];
  const patches: Patch[] = [];
  const isPatching = mayPatch(whole.content);
  const visit = (value: unknown, path: Path): void => {
    if (typeof value === "string") {
      if (mayHoldPart(value) && depth < deepestText)
        parts.push(...partsOfText(value, below(whole.lineOf, path), depth + 1));
    } else if (path.length > 0 && isPart(value)) {
      parts.push({ content: value, lineOf: below(whole.lineOf, path) });
    } else if (Array.isArray(value)) {
      for (const [i, item] of value.entries()) visit(item, [...path, i]);
    } else if (isRecord(value)) {
      const deployed = deploymentTemplate({ content: value, lineOf: below(whole.lineOf, path) });
      if (deployed !== undefined) parts.push(deployed);
      for (const [key, item] of Object.entries(value)) {
        const own = isPatching ? patchesUnder(key, item, below(whole.lineOf, [...path, key])) : undefined;
        if (own !== undefined) patches.push(...own);
        else if (deployed === undefined || key !== "template") visit(item, [...path, key]);
      }
    }
  };
  visit(whole.content, []);
  return { parts, patches };
}

/** A manifest has `metadata`, a list `items`; `scaleTargetRef` only names an object by kind and name. */
function isPart(value: unknown): boolean {
  if (isTemplate(value)) return true;
  if (!isManifest(value)) return false;
  const { apiVersion, kind, metadata, items, spec } = value;
  if (isRecord(metadata) || isUnknown(metadata) || Array.isArray(items)) return true;
  // some charts add the metadata themselves
  return isRecord(spec) && kindOfManifest(apiVersion, kind) !== undefined;
}

function mayHoldPart(text: string): boolean {
  return (
    (text.includes("apiVersion") && text.includes("kind")) ||
    (text.includes("resources") && (text.includes("contentVersion") || text.includes("$schema")))
  );
}

function partsOfText(text: string, lineOf: Part["lineOf"], depth: number): readonly Part[] {
  return splitDocuments(text).flatMap((document) => {
    // in a template of Helm or Argo CD, everything that it renders counts as not known yet
    const rendered = document.text
      .replaceAll(/^[ \t]*\{\{.*\}\}[ \t]*$/gm, "")
      .replaceAll(/\{\{[^{}\n]*\}\}/g, unknownValue);
    for (const one of [document.text, rendered]) {
      try {
        const parsed = parseContent({ text: one, line: document.line });
        const part: Part = { content: parsed.content, lineOf: (path, line) => lineOf([], parsed.lineOf(path, line)) };
        return isPart(part.content) ? [part] : appliedIn(part, depth).parts;
      } catch {
        // unquoted templates are not YAML; no tool applies any other text that is not YAML
      }
    }
    return [];
  });
}
