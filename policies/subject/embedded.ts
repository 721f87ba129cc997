import { environmentOfNamespace } from "../environment.ts";
import { isTemplate, subjectsOfTemplate } from "./arm-template.ts";
import { below, parseContent, type Part } from "./documents.ts";
import { kindOfManifest, subjectOfManifest } from "./kinds.ts";
import { appliedIn } from "./parts.ts";
import { subjectsOfPatch } from "./patches.ts";
import { at, groupKindOf, isManifest, isRecord, list, text, Undecided, type Path } from "./reading.ts";
import { makeSubject, nameOf, type Kind, type Located, type Subject } from "./subject.ts";

/** One subject per item of a `List`, none for a kind that no rule looks at. @param id - such as `apps/ghcr.yaml#2`. */
export function subjectsOfDocument({ content, lineOf }: Part, id: string): readonly Located[] {
  if (isManifest(content) && isList(content)) {
    return list(content, "items").flatMap((item, i) =>
      subjectsOfDocument({ content: item, lineOf: below(lineOf, ["items", i]) }, id),
    );
  }
  const subject = subjectOfManifest(content, { id });
  return subject === undefined ? [] : [{ subject, lineOf }];
}

/** Several objects in one document, such as `kind: List` or `kind: SecretList`. */
export function isList(object: unknown): boolean {
  return isRecord(object) && Array.isArray(object["items"]) && String(object["kind"]).endsWith("List");
}

/** A values file of a chart, which has neither `apiVersion` nor `kind`. */
export function subjectOfValues(object: unknown, file: string): Subject {
  return makeSubject({ kind: "Values", type: "values", origin: "document", object, id: file, name: file });
}

/**
 * Everything known in a document or in a resource's inputs that another tool applies, at any depth: manifests, ARM
 * templates, values of charts. The id of each subject is `id` with a number.
 */
export function embeddedIn(whole: Part, id: string): readonly Located[] {
  return carriedBy(whole).map(({ subject, ...rest }, i) => ({ ...rest, subject: { ...subject, id: `${id}#${i}` } }));
}

function carriedBy(whole: Part): readonly Located[] {
  const { content } = whole;
  if (isTemplate(content)) return subjectsOfTemplate(whole);
  if (isClosed(content)) return [];
  const { parts, patches } = appliedIn(whole);
  // the items of a list are subjects already
  if (isList(content)) return parts.flatMap(carriedBy);
  return [
    ...valuesIn(whole),
    ...patches.flatMap(subjectsOfPatch),
    ...parts.flatMap((part) => [...subjectsOfDocument(part, ""), ...carriedBy(part)]),
  ];
}

/** Kinds with fields that the rules know completely. Other kinds, ConfigMaps and Secrets may contain anything. */
function isClosed(content: unknown): boolean {
  if (!isManifest(content)) return false;
  const known = kindOfManifest(content.apiVersion, content.kind);
  return known !== undefined && known !== "ConfigMap" && known !== "Secret";
}

/** Values of charts in objects of Argo CD and Flux, secrets of a realm, literals from which Kustomize creates Secrets. */
function valuesIn({ content, lineOf }: Part): readonly Located[] {
  if (!isManifest(content)) return [];
  const { apiVersion, kind } = content;
  const subject = (object: unknown, as: Kind, name: string): Subject =>
    makeSubject({ kind: as, type: `${apiVersion}/${kind}`, origin: "document", object, id: "", name });
  const values: Embed = (object, path, inner) => ({
    subject: subject(object, "Values", `of ${kind} ${nameOf(content)}`),
    lineOf: inner === undefined ? below(lineOf, path) : (at, line) => lineOf(path, inner(at, line)),
  });
  const valuesAt = (...path: Path): Located => values(at(content, ...path), path);
  const generatedBy = (generator: string, as: Kind, field: string): readonly Located[] =>
    list(content, generator).map((_, i) => {
      const name = text(content, generator, i, "name") ?? "";
      const object = { metadata: { name }, [field]: literalsOf(content, [generator, i]) };
      return {
        subject: subject(object, as, `${name} of ${generator}`),
        lineOf: () => lineOf([generator, i, "literals"]),
      };
    });

  try {
    switch (groupKindOf(content)) {
      case "argoproj.io/Application":
        return valuesOfApplication(content, ["spec"], values);
      case "argoproj.io/ApplicationSet":
        return valuesOfApplication(content, ["spec", "template", "spec"], values);
      case "helm.toolkit.fluxcd.io/HelmRelease":
        return [valuesAt("spec", "values")];
      case "k8s.keycloak.org/KeycloakRealmImport":
        return [valuesAt("spec", "realm")];
      case "kustomize.config.k8s.io/Kustomization":
      case "kustomize.config.k8s.io/Component":
        return [
          ...generatedBy("secretGenerator", "Secret", "stringData"),
          ...generatedBy("configMapGenerator", "ConfigMap", "data"),
          ...list(content, "helmCharts").map((_, i) => valuesAt("helmCharts", i, "valuesInline")),
        ];
      default:
        return [];
    }
  } catch (error) {
    if (error instanceof Undecided) return [];
    throw error;
  }
}

/** @param inner - lines within the text at the path. @default - the object itself is at the path */
type Embed = (
  object: unknown,
  path: Path,
  inner?: (...at: Parameters<Part["lineOf"]>) => number | undefined,
) => Located;

function valuesOfApplication(content: unknown, spec: Path, embed: Embed): readonly Located[] {
  const environment = environmentOfNamespace(text(content, ...spec, "destination", "namespace"));
  const sources = [[...spec, "source"], ...list(content, ...spec, "sources").map((_, i) => [...spec, "sources", i])];
  const found = sources.flatMap((source) => {
    const helm = [...source, "helm"];
    const written = text(content, ...helm, "values");
    return [
      embed(at(content, ...helm, "valuesObject"), [...helm, "valuesObject"]),
      ...(written === undefined ? [] : valuesOfText(written, [...helm, "values"], embed)),
      ...list(content, ...helm, "parameters").map((_, i) => {
        const parameter = [...helm, "parameters", i];
        const name = text(content, ...parameter, "name") ?? "";
        return embed({ [name]: text(content, ...parameter, "value") }, [...parameter, "value"], () => undefined);
      }),
    ];
  });
  return environment === undefined ? found : found.map((one) => ({ ...one, environment }));
}

function valuesOfText(written: string, path: Path, embed: Embed): readonly Located[] {
  try {
    const { content, lineOf } = parseContent({ text: written, line: 1 });
    return [embed(content, path, lineOf)];
  } catch {
    return []; // a template of an ApplicationSet, which Argo CD renders
  }
}

function literalsOf(content: unknown, base: Path): Readonly<Record<string, string>> {
  return Object.fromEntries(
    list(content, ...base, "literals").flatMap((_, i) => {
      const [, key, value] = /^([^=]+)=["']?(.*?)["']?$/s.exec(text(content, ...base, "literals", i) ?? "") ?? [];
      return key === undefined || value === undefined ? [] : [[key, value]];
    }),
  );
}
