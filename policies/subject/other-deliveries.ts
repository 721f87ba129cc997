import { parseContent } from "./documents.ts";
import { containersOf, podPath } from "./pods.ts";
import { entries, isRecord, list, text, type Path } from "./reading.ts";
import { pathsUnder, targetOf, targetPath } from "./references.ts";
import type { Subject } from "./subject.ts";

/** A name by which something other than External Secrets reads or writes a secret. */
export interface NamedSecret {
  readonly path: Path;
  /** Line of the text at the path, where the text holds a list. */
  readonly line?: number;
  /** @throws Undecided */
  readonly name: () => string | undefined;
  /** Whether it is read straight from Key Vault. @default false */
  readonly isKeyVault?: boolean;
}

interface Fields {
  /** Field with the mount that the paths are under. */
  readonly mount?: string;
  readonly reads: readonly string[];
  readonly isKeyVault?: boolean;
  readonly targets: readonly string[];
}

const vaultOperator: Fields = { mount: "spec.mount", reads: ["spec.path"], targets: ["spec.destination.name"] };

/**
 * Objects of other operators that bring secrets into the cluster: the fields by which they read and write, by group and kind.
 *
 * @see https://developer.hashicorp.com/vault/docs/platform/k8s/vso/api-reference
 * @see https://secrets-store-csi-driver.sigs.k8s.io/
 * @see https://github.com/external-secrets/kubernetes-external-secrets
 */
const fields: Readonly<Record<string, Fields>> = {
  "secrets.hashicorp.com/VaultStaticSecret": vaultOperator,
  "secrets.hashicorp.com/VaultDynamicSecret": vaultOperator,
  "secrets.hashicorp.com/VaultPKISecret": { ...vaultOperator, reads: [] },
  "secrets.hashicorp.com/HCPVaultSecretsApp": { ...vaultOperator, reads: [] },
  "secrets-store.csi.x-k8s.io/SecretProviderClass": { reads: [], targets: ["spec.secretObjects[].secretName"] },
  "kubernetes-client.io/ExternalSecret": {
    reads: ["data[].key", "data[].path", "dataFrom[]"].flatMap((one) => [`spec.${one}`, `secretDescriptor.${one}`]),
    targets: ["metadata.name"],
  },
  "ricoberger.de/VaultSecret": { mount: "spec.secretEngine", reads: ["spec.path"], targets: ["metadata.name"] },
  "koudingspawn.de/Vault": { reads: ["spec.path"], targets: ["metadata.name"] },
  "redhatcop.redhat.io/VaultSecret": {
    reads: ["spec.vaultSecretDefinitions[].path"],
    targets: ["spec.output.name"],
  },
  "spv.no/AzureKeyVaultSecret": {
    reads: ["spec.vault.object.name"],
    isKeyVault: true,
    targets: ["spec.output.secret.name"],
  },
};

/** Group and kind of each, for the table of kinds. */
export const otherDeliveries: readonly string[] = Object.keys(fields);

function fieldsOf({ object }: Subject): Fields | undefined {
  if (!isRecord(object)) return undefined;
  return fields[`${String(object["apiVersion"]).replace(/\/.*$/, "")}/${String(object["kind"])}`];
}

/** What an object of another operator reads. */
export function namesRead(subject: Subject): readonly NamedSecret[] {
  const own = fieldsOf(subject);
  if (own === undefined) return [];
  const { object } = subject;
  const { mount, reads, isKeyVault = false } = own;
  const named = reads
    .flatMap((field) => pathsUnder(object, [], field))
    .map((path): NamedSecret => {
      const name = (): string | undefined => {
        const [under, read] = [
          mount === undefined ? undefined : text(object, ...mount.split(".")),
          text(object, ...path),
        ];
        return under === undefined || read === undefined ? read : `${under}/${read}`;
      };
      return { path, name, isKeyVault };
    });
  return [...named, ...objectsOfProvider(object)];
}

/** The Secrets that an ExternalSecret or an object of another operator writes. */
export function targetsOf(subject: Subject): readonly NamedSecret[] {
  if (subject.kind !== "OtherDelivery") return [{ path: targetPath(subject), name: () => targetOf(subject) }];
  return (fieldsOf(subject)?.targets ?? [])
    .flatMap((field) => pathsUnder(subject.object, [], field))
    .map((path) => ({ path, name: () => text(subject.object, ...path) }));
}

/** The CSI driver's list, which is a text of YAML: of objects, or for Azure of texts of YAML. @throws Undecided */
function objectsOfProvider(object: unknown): readonly NamedSecret[] {
  return ["objects", "secrets"].flatMap((field) => {
    const path = ["spec", "parameters", field];
    const written = text(object, ...path);
    if (written === undefined) return [];
    const isKeyVault = text(object, "spec", "provider") === "azure";
    const { content, lineOf } = parsed(written);
    const base = isRecord(content) ? ["array"] : [];
    return list(content, ...base).flatMap((item, i): readonly NamedSecret[] => {
      const one = typeof item === "string" ? parsed(item).content : item;
      const key = ["secretPath", "resourceName", "objectName"].find((name) => text(one, name) !== undefined);
      if (key === undefined || !["secret", undefined].includes(text(one, "objectType"))) return [];
      const line = lineOf(typeof item === "string" ? [...base, i] : [...base, i, key]);
      return [{ path, line, name: () => text(one, key), isKeyVault }];
    });
  });
}

function parsed(written: string): Pick<ReturnType<typeof parseContent>, "content" | "lineOf"> {
  try {
    return parseContent({ text: written, line: 1 });
  } catch {
    return { content: undefined, lineOf: () => 1 };
  }
}

const injector = "vault.hashicorp.com/agent-inject";

/**
 * What is brought into a pod without any Secret: by annotations of Vault's agent injector, and by `vault:path#key` in a
 * variable, which Bank-Vaults' webhook replaces.
 *
 * @see https://developer.hashicorp.com/vault/docs/platform/k8s/injector/annotations
 * @throws Undecided
 */
export function namesInjected(subject: Subject): readonly NamedSecret[] {
  const { object } = subject;
  const annotations = [...podPath(subject).slice(0, -1), "metadata", "annotations"];
  const annotated = entries(object, ...annotations).flatMap(([key]): readonly NamedSecret[] => {
    const path = [...annotations, key];
    if (key.startsWith(`${injector}-secret-`)) return [{ path, name: () => text(object, ...path) }];
    if (!key.startsWith(`${injector}-template-`)) return [];
    const template = text(object, ...path) ?? "";
    return [...template.matchAll(/\bsecret\s+"([^"]+)"/g)].map(([, name]) => ({ path, name: () => name }));
  });
  const replaced = containersOf(subject).flatMap((container) =>
    list(container.object, "env").map((_, i): NamedSecret => {
      const value = (): string | undefined => text(container.object, "env", i, "value");
      return {
        path: [...container.path, "env", i, "value"],
        name: () => /^(?:>>)?vault:([^#]+)#/.exec(value() ?? "")?.[1],
      };
    }),
  );
  return [...annotated, ...replaced];
}
