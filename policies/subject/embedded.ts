import { placeOfNamespace } from "../place.ts";
import type { Place } from "../rule.ts";
import { isTemplate, subjectsOfTemplate } from "./arm-template.ts";
import { below, parseContent, type Part } from "./documents.ts";
import { kindOfManifest, subjectOfManifest } from "./kinds.ts";
import { partsIn } from "./parts.ts";
import { mayPatch, patchSubjects, withoutPatches } from "./patches.ts";
import { at, groupKindOf, isManifest, isRecord, list, text, Undecided, type Path } from "./reading.ts";
import { makeSubject, nameOf, type Kind, type Subject, type SubjectWithLines } from "./subject.ts";

/**
 * The subjects of a document; one per item of a `List`, none for a document that no rule looks at.
 *
 * @param id - such as `apps/ghcr.yaml#2`.
 */
export function subjectsOfDocument(object: unknown, id: string, base: Path = []): readonly Subject[] {
  const { items } = isRecord(object) ? object : {};
  if (isManifest(object) && isList(object) && Array.isArray(items)) {
    return items.flatMap((item: unknown, i) => subjectsOfDocument(item, id, [...base, "items", i]));
  }
  const subject = subjectOfManifest(object, { id, base });
  return subject === undefined ? [] : [subject];
}

/** Several objects in one document, such as `kind: List` or `kind: SecretList`. */
export function isList(object: unknown): boolean {
  return isRecord(object) && Array.isArray(object["items"]) && String(object["kind"]).endsWith("List");
}

/** A values file of a chart, which has neither `apiVersion` nor `kind`. */
export function subjectOfValues(object: unknown, file: string): Subject {
  return makeSubject({ kind: "Values", type: "values", origin: "document", object, id: file, name: file });
}

/** A subject within a document, which another tool applies. */
export interface Embedded extends SubjectWithLines {
  /** Where it goes, if not where the document goes. */
  readonly place?: Place;
}

/**
 * Everything in a document, or in the inputs of a resource, that another tool applies, at any depth: manifests, ARM
 * templates, values of charts. What is not known yet is left out.
 *
 * @param id - of the whole; the subjects get it with a number added.
 */
export function embeddedIn(whole: Part, id: string): readonly Embedded[] {
  return carriedBy(whole).map(({ subject, ...rest }, i) => ({ ...rest, subject: { ...subject, id: `${id}#${i}` } }));
}

function carriedBy(whole: Part): readonly Embedded[] {
  const { content } = whole;
  if (isTemplate(content)) return subjectsOfTemplate(whole);
  // the items of a list are subjects already
  if (isList(content)) return partsIn(whole).flatMap(carriedBy);
  const searched = mayPatch(content) ? { ...whole, content: withoutPatches(content) } : whole;
  const parts = isClosed(content) ? [] : partsIn(searched);
  return [
    ...valuesIn(whole),
    ...patchSubjects(whole),
    ...parts.flatMap((part) => [
      ...subjectsOfDocument(part.content, "").map((subject) => ({ subject, lineOf: below(part.lineOf, subject.base) })),
      ...carriedBy(part),
    ]),
  ];
}

/** Kinds with fields that the rules know completely. Other kinds, ConfigMaps and Secrets may contain anything. */
function isClosed(content: unknown): boolean {
  if (!isManifest(content)) return false;
  const known = kindOfManifest(content.apiVersion, content.kind);
  return known !== undefined && known !== "ConfigMap" && known !== "Secret";
}

type Embed = (object: unknown, base: Path, as?: Kind, name?: string) => Embedded;

/** Values of charts in objects of Argo CD and Flux, secrets of a realm, literals from which Kustomize creates Secrets. */
function valuesIn({ content, lineOf }: Part): readonly Embedded[] {
  if (!isManifest(content)) return [];
  const { apiVersion, kind } = content;
  const type = `${apiVersion}/${kind}`;
  const embed: Embed = (object, base, as = "Values", name = `of ${kind} ${nameOf(content)}`) => ({
    subject: makeSubject({ kind: as, type, origin: "document", object, id: "", name }),
    lineOf: below(lineOf, base),
  });
  try {
    return valuesOf(content, embed, lineOf);
  } catch (error) {
    if (error instanceof Undecided) return [];
    throw error;
  }
}

function valuesOf(
  content: Readonly<Record<string, unknown>>,
  embed: Embed,
  lineOf: Part["lineOf"],
): readonly Embedded[] {
  const embedAt = (...path: Path): Embedded => embed(at(content, ...path), path);
  const generatedBy = (generator: string, as: Kind, field: string): readonly Embedded[] =>
    list(content, generator).map((_, i) => {
      const name = text(content, generator, i, "name") ?? "";
      const object = { metadata: { name }, [field]: literalsOf(content, [generator, i]) };
      const embedded = embed(object, [], as, `${name} of ${generator}`);
      return { ...embedded, lineOf: () => lineOf([generator, i, "literals"]) };
    });

  switch (groupKindOf(content)) {
    case "argoproj.io/Application":
      return valuesOfApplication(content, ["spec"], embed, lineOf);
    case "argoproj.io/ApplicationSet":
      return valuesOfApplication(content, ["spec", "template", "spec"], embed, lineOf);
    case "helm.toolkit.fluxcd.io/HelmRelease":
      return [embedAt("spec", "values")];
    case "k8s.keycloak.org/KeycloakRealmImport":
      return [embedAt("spec", "realm")];
    case "kustomize.config.k8s.io/Kustomization":
    case "kustomize.config.k8s.io/Component":
      return [
        ...generatedBy("secretGenerator", "Secret", "stringData"),
        ...generatedBy("configMapGenerator", "ConfigMap", "data"),
        ...list(content, "helmCharts").map((_, i) => embedAt("helmCharts", i, "valuesInline")),
      ];
    default:
      return [];
  }
}

function valuesOfApplication(content: unknown, spec: Path, embed: Embed, lineOf: Part["lineOf"]): readonly Embedded[] {
  const place = placeOfNamespace(text(content, ...spec, "destination", "namespace"));
  const sources = [[...spec, "source"], ...list(content, ...spec, "sources").map((_, i) => [...spec, "sources", i])];
  const found = sources.flatMap((source) => {
    const helm = [...source, "helm"];
    const written = text(content, ...helm, "values");
    return [
      embed(at(content, ...helm, "valuesObject"), [...helm, "valuesObject"]),
      ...(written === undefined ? [] : valuesOfText(written, [...helm, "values"], embed, lineOf)),
      ...list(content, ...helm, "parameters").map((_, i) => {
        const parameter = [...helm, "parameters", i];
        const name = text(content, ...parameter, "name") ?? "";
        const embedded = embed({ [name]: text(content, ...parameter, "value") }, []);
        return { ...embedded, lineOf: () => lineOf([...parameter, "value"]) };
      }),
    ];
  });
  return place === undefined ? found : found.map((one) => ({ ...one, place }));
}

function valuesOfText(written: string, path: Path, embed: Embed, lineOf: Part["lineOf"]): readonly Embedded[] {
  try {
    const inner = parseContent({ text: written, line: 1 });
    return [{ ...embed(inner.content, path), lineOf: (at, line) => lineOf(path, inner.lineOf(at, line)) }];
  } catch {
    return []; // a template of an ApplicationSet, which Argo CD renders
  }
}

/** `KEY=value`, as Kustomize reads them. */
function literalsOf(content: unknown, base: Path): Readonly<Record<string, string>> {
  return Object.fromEntries(
    list(content, ...base, "literals").flatMap((_, i) => {
      const [, key, value] = /^([^=]+)=["']?(.*?)["']?$/s.exec(text(content, ...base, "literals", i) ?? "") ?? [];
      return key === undefined || value === undefined ? [] : [[key, value]];
    }),
  );
}
