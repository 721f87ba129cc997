import { placeOfNamespace } from "../place.ts";
import type { Place } from "../rule.ts";
import { at, isRecord, list, text, type Path } from "../subject/reading.ts";
import { makeSubject, nameOf, type Kind, type Subject } from "../subject/subject.ts";
import { parseContent, type Parsed } from "./documents.ts";

/** What a document carries within itself for another tool to write into the cluster. */
export interface Embedded {
  readonly subject: Subject;
  /** Where it goes, when that is not where the document itself is. */
  readonly place?: Place;
  /** Line of the file that a path of the subject stands on. */
  readonly lineOf: (path: Path) => number;
}

/** Values of charts in ArgoCD's and Flux's objects, secrets of a realm, literals that Kustomize makes Secrets of. */
export function embeddedIn({ content, lineOf }: Parsed, id: string): readonly Embedded[] {
  if (!isRecord(content)) return [];
  const { apiVersion, kind } = content;
  const group = typeof apiVersion === "string" ? apiVersion.replace(/\/.*$/, "") : "";
  const embed = (object: unknown, base: Path, as: Kind = "Values", name = `of ${String(kind)} ${nameOf(content)}`) => ({
    subject: makeSubject({
      kind: as,
      type: `${String(apiVersion)}/${String(kind)}`,
      origin: "document",
      object,
      id,
      name,
    }),
    lineOf: (path: Path) => lineOf([...base, ...path]),
  });

  switch (`${group}/${String(kind)}`) {
    case "argoproj.io/Application":
      return valuesOfApplication(content, ["spec"], lineOf, embed);
    case "argoproj.io/ApplicationSet":
      return valuesOfApplication(content, ["spec", "template", "spec"], lineOf, embed);
    case "helm.toolkit.fluxcd.io/HelmRelease":
      return [embed(at(content, "spec", "values"), ["spec", "values"])];
    case "k8s.keycloak.org/KeycloakRealmImport":
      return [embed(at(content, "spec", "realm"), ["spec", "realm"])];
    case "kustomize.config.k8s.io/Kustomization":
      return list(content, "secretGenerator").flatMap((_, i) => {
        const base = ["secretGenerator", i];
        const name = text(content, ...base, "name") ?? "";
        const made = { metadata: { name }, stringData: literalsOf(content, base) };
        return [
          { ...embed(made, base, "Secret", `${name} of secretGenerator`), lineOf: () => lineOf([...base, "literals"]) },
        ];
      });
    default:
      return [];
  }
}

type Embed = (object: unknown, base: Path) => Embedded;

function valuesOfApplication(
  content: unknown,
  spec: Path,
  lineOf: (path: Path) => number,
  embed: Embed,
): readonly Embedded[] {
  const place = placeOfNamespace(text(content, ...spec, "destination", "namespace"));
  const sources: readonly Path[] = [
    [...spec, "source"],
    ...list(content, ...spec, "sources").map((_, i) => [...spec, "sources", i]),
  ];
  const found = sources.flatMap((source) => {
    const helm = [...source, "helm"];
    const written = text(content, ...helm, "values");
    return [
      embed(at(content, ...helm, "valuesObject"), [...helm, "valuesObject"]),
      ...(written === undefined ? [] : writtenValues(written, lineOf([...helm, "values"]), embed, [...helm, "values"])),
      ...list(content, ...helm, "parameters").map((_, i) => {
        const parameter = [...helm, "parameters", i];
        const name = text(content, ...parameter, "name") ?? "";
        const own = embed({ [name]: text(content, ...parameter, "value") }, []);
        return { ...own, lineOf: () => lineOf([...parameter, "value"]) };
      }),
    ];
  });
  return place === undefined ? found : found.map((one) => ({ ...one, place }));
}

/** A block of YAML in YAML: it begins on the line after its key. */
function writtenValues(written: string, line: number, embed: Embed, path: Path): readonly Embedded[] {
  try {
    const inner = parseContent({ text: written, line: line + 1 });
    return [{ ...embed(inner.content, path), lineOf: inner.lineOf }];
  } catch {
    return []; // a template of an ApplicationSet, filled in by ArgoCD
  }
}

/** `KEY=value`, as Kustomize takes them. */
function literalsOf(content: unknown, base: Path): Readonly<Record<string, string>> {
  return Object.fromEntries(
    list(content, ...base, "literals").flatMap((_, i) => {
      const [, key, value] = /^([^=]+)=["']?(.*?)["']?$/s.exec(text(content, ...base, "literals", i) ?? "") ?? [];
      return key === undefined || value === undefined ? [] : [[key, value]];
    }),
  );
}
