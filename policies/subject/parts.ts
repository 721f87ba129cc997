import { deploymentTemplate, isTemplate } from "./arm-template.ts";
import { below, parseContent, splitDocuments, type Parsed, type Part } from "./documents.ts";
import { kindOfManifest } from "./kinds.ts";
import { isManifest, isRecord, isUnknown, unknownValue, type Path } from "./reading.ts";

/** Nobody nests texts within texts deeper than this, except to hide something. */
const deepestText = 6;

/**
 * Everything in a value that another tool applies: Kubernetes manifests and ARM templates, as objects (`extraObjects` of a
 * chart, `objs` of a ConfigGroup) or as YAML or JSON texts (a key of a ConfigMap), under any key.
 *
 * @param whole - is not returned itself.
 */
export function partsIn(whole: Part, depth = 0): readonly Part[] {
  const found: Part[] = [];
  const visit = (value: unknown, path: Path): void => {
    if (typeof value === "string") {
      if (mayHoldPart(value) && depth < deepestText) {
        found.push(...partsOfText(value, (line) => whole.lineOf(path, line), depth + 1));
      }
    } else if (path.length > 0 && isPart(value)) {
      found.push({ content: value, lineOf: below(whole.lineOf, path) });
    } else if (Array.isArray(value)) {
      for (const [i, item] of value.entries()) visit(item, [...path, i]);
    } else if (isRecord(value)) {
      const deployed = deploymentTemplate({ content: value, lineOf: below(whole.lineOf, path) });
      if (deployed !== undefined) found.push(deployed);
      for (const [key, item] of Object.entries(value)) {
        if (deployed === undefined || key !== "template") visit(item, [...path, key]);
      }
    }
  };
  visit(whole.content, []);
  return found;
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

/** @param lineIn - line of the file that a line of the text is on. */
function partsOfText(text: string, lineIn: (line: number) => number, depth: number): readonly Part[] {
  return splitDocuments(text).flatMap((document) => {
    const parsed = parsedOrRendered(document.text, document.line);
    if (parsed === undefined) return [];
    const part: Part = { content: parsed.content, lineOf: (path, line) => lineIn(parsed.lineOf(path, line)) };
    return isPart(part.content) ? [part] : partsIn(part, depth);
  });
}

/** In a template of Helm or Argo CD, everything that it renders counts as not known yet. */
function parsedOrRendered(text: string, line: number): Parsed | undefined {
  const rendered = text.replaceAll(/^[ \t]*\{\{.*\}\}[ \t]*$/gm, "").replaceAll(/\{\{[^{}\n]*\}\}/g, unknownValue);
  for (const one of [text, rendered]) {
    try {
      return parseContent({ text: one, line });
    } catch {
      // unquoted templates are not YAML; no tool applies any other text that is not YAML
    }
  }
  return undefined;
}
