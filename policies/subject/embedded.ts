import { placeOfNamespace } from "../place.ts";
import { subjectsOfTemplate } from "./arm-template.ts";
import { parseContent } from "./documents.ts";
import { isList, subjectsOfDocument } from "./from-document.ts";
import { kindOfManifest } from "./kinds.ts";
import { below, isTemplate, partsIn, type Embedded, type Part } from "./parts.ts";
import { mayPatch, patchSubjects, withoutPatches } from "./patches.ts";
import { at, isRecord, list, text, Undecided, type Path } from "./reading.ts";
import { makeSubject, nameOf, type Kind } from "./subject.ts";

/**
 * What a document, or the inputs of a resource, carries for another tool to apply, however deep: manifests, ARM templates,
 * values of charts. What is not known yet is left out.
 *
 * @param id - of the whole; the subjects get it with a number after it.
 */
export function embeddedIn(whole: Part, id: string): readonly Embedded[] {
  return carriedBy(whole).map(({ subject, ...rest }, i) => ({ ...rest, subject: { ...subject, id: `${id}#${i}` } }));
}

function carriedBy(whole: Part): readonly Embedded[] {
  const { content } = whole;
  if (isTemplate(content)) return subjectsOfTemplate(whole);
  // the items of a list are subjects of the list already
  if (isList(content)) return partsIn(whole).flatMap(carriedBy);
  const parts = isClosed(content)
    ? []
    : partsIn(mayPatch(content) ? { ...whole, content: withoutPatches(content) } : whole);
  return [
    ...valuesIn(whole),
    ...patchSubjects(whole),
    ...parts.flatMap((part) => [...ownSubjects(part), ...carriedBy(part)]),
  ];
}

function ownSubjects({ content, lineOf }: Part): readonly Embedded[] {
  return subjectsOfDocument(content, "").map((subject) => ({
    subject,
    lineOf: below(lineOf, subject.base),
  }));
}

/** Kinds whose every field is known to the rules; the others, and what is data to Kubernetes itself, may carry anything. */
function isClosed(content: unknown): boolean {
  if (!isRecord(content)) return false;
  const { apiVersion, kind } = content;
  if (typeof apiVersion !== "string" || typeof kind !== "string") return false;
  const known = kindOfManifest(apiVersion, kind);
  return known !== undefined && known !== "ConfigMap" && known !== "Secret";
}

/** Values of charts in ArgoCD's and Flux's objects, secrets of a realm, literals that Kustomize makes Secrets of. */
function valuesIn({ content, lineOf }: Part): readonly Embedded[] {
  try {
    return isRecord(content) ? valuesOf(content, lineOf) : [];
  } catch (error) {
    if (error instanceof Undecided) return [];
    throw error;
  }
}

function valuesOf(content: Readonly<Record<string, unknown>>, lineOf: Part["lineOf"]): readonly Embedded[] {
  const { apiVersion, kind } = content;
  const group = typeof apiVersion === "string" ? apiVersion.replace(/\/.*$/, "") : "";
  const embed = (object: unknown, base: Path, as: Kind = "Values", name = `of ${String(kind)} ${nameOf(content)}`) => ({
    subject: makeSubject({
      kind: as,
      type: `${String(apiVersion)}/${String(kind)}`,
      origin: "document",
      object,
      id: "",
      name,
    }),
    lineOf: below(lineOf, base),
  });

  const generatedBy = (generator: string, as: Kind, field: string): readonly Embedded[] =>
    list(content, generator).map((_, i) => {
      const base = [generator, i];
      const name = text(content, ...base, "name") ?? "";
      const made = { metadata: { name }, [field]: literalsOf(content, base) };
      return { ...embed(made, base, as, `${name} of ${generator}`), lineOf: () => lineOf([...base, "literals"]) };
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
    case "kustomize.config.k8s.io/Component":
      return [
        ...generatedBy("secretGenerator", "Secret", "stringData"),
        ...generatedBy("configMapGenerator", "ConfigMap", "data"),
        ...list(content, "helmCharts").map((_, i) =>
          embed(at(content, "helmCharts", i, "valuesInline"), ["helmCharts", i, "valuesInline"]),
        ),
      ];
    default:
      return [];
  }
}

type Embed = (object: unknown, base: Path) => Embedded;

function valuesOfApplication(content: unknown, spec: Path, lineOf: Part["lineOf"], embed: Embed): readonly Embedded[] {
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
      ...(written === undefined ? [] : writtenValues(written, lineOf, embed, [...helm, "values"])),
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

/** Values as a text of YAML. */
function writtenValues(written: string, lineOf: Part["lineOf"], embed: Embed, path: Path): readonly Embedded[] {
  try {
    const inner = parseContent({ text: written, line: 1 });
    return [{ ...embed(inner.content, path), lineOf: (at, line) => lineOf(path, inner.lineOf(at, line)) }];
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
