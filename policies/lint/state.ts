import { subjectsOfResource } from "../subject/from-resource.ts";
import { isRecord, markedSecret, secretOrDefault } from "../subject/reading.ts";
import type { Subject } from "../subject/subject.ts";

/** Pulumi's mark of a secret in state files (`sdk/go/common/resource/sig`). */
const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

/** Resources of `pulumi stack export` or of a file backend's checkpoint; `undefined` for any other document. */
export function stateResources(content: unknown): readonly Readonly<Record<string, unknown>>[] | undefined {
  if (!isRecord(content)) return undefined;
  const { deployment, checkpoint } = content;
  const latest = isRecord(checkpoint) ? checkpoint["latest"] : deployment;
  const resources = isRecord(latest) ? latest["resources"] : undefined;
  return Array.isArray(resources) && resources.every(isRecord) ? resources : undefined;
}

/** The subjects of a resource of a state file; an encrypted value is marked secret. */
export function subjectsOfState({
  type,
  urn,
  inputs,
  protect,
  custom,
  dependencies,
  propertyDependencies,
}: Readonly<Record<string, unknown>>): readonly Subject[] {
  if (typeof type !== "string" || typeof urn !== "string" || !isRecord(inputs)) return [];
  return subjectsOfResource({
    type,
    urn,
    name: urn.slice(urn.lastIndexOf("::") + 2),
    props: marked(inputs) as Record<string, unknown>,
    options: {
      protect: protect === true,
      isComponent: custom === false,
      dependsOn: texts(dependencies),
      inputsFrom: new Map(
        isRecord(propertyDependencies)
          ? Object.entries(propertyDependencies).map(([key, from]) => [key, texts(from)])
          : [],
      ),
    },
  });
}

/** A refresh empties the list of defaults: an encrypted value may be a default, such as an empty `tokenReviewerJwt`. */
function marked(value: unknown, secret: symbol = markedSecret): unknown {
  if (Array.isArray(value)) return value.map((item) => marked(item, secret));
  if (!isRecord(value)) return value;
  if (value[signatureKey] === secretSignature) return secret;
  const { __defaults: defaults } = value;
  const own = Array.isArray(defaults) && defaults.length === 0 ? secretOrDefault : markedSecret;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, marked(item, own)]));
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];
}
