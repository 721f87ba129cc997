import { parseContent } from "./documents.ts";
import { containersOf, podPath } from "./pods.ts";
import { entries, groupKindOf, isRecord, list, text, type Path } from "./reading.ts";
import { pathsUnder, targetOf, targetPath } from "./references.ts";
import type { Subject } from "./subject.ts";

export interface NamedSecret {
  readonly path: Path;
  /** Line within the text at the path. */
  readonly line?: number;
  /** @throws Undecided */
  readonly name: () => string | undefined;
  /** Whether it names a secret of Key Vault. @default false */
  readonly isKeyVault?: boolean;
}

interface Fields {
  /** Field with the mount that the paths are below. */
  readonly mount?: string;
  readonly reads?: readonly string[];
  readonly isKeyVault?: boolean;
  readonly targets: readonly string[];
}

const pkiOrApp: Fields = { targets: ["spec.destination.name"] };
const vaultOperator: Fields = { ...pkiOrApp, mount: "spec.mount", reads: ["spec.path"] };

/**
 * Fields by which objects of other operators read and write secrets, by group and kind.
 * @see https://developer.hashicorp.com/vault/docs/platform/k8s/vso/api-reference
 * @see https://secrets-store-csi-driver.sigs.k8s.io/
 * @see https://github.com/external-secrets/kubernetes-external-secrets
 */
const fields: Readonly<Record<string, Fields>> = {
  "secrets.hashicorp.com/VaultStaticSecret": vaultOperator,
  "secrets.hashicorp.com/VaultDynamicSecret": vaultOperator,
  "secrets.hashicorp.com/VaultPKISecret": pkiOrApp,
  "secrets.hashicorp.com/HCPVaultSecretsApp": pkiOrApp,
  "secrets-store.csi.x-k8s.io/SecretProviderClass": { targets: ["spec.secretObjects[].secretName"] },
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

export const otherDeliveries: readonly string[] = Object.keys(fields);

/** What an object of another operator reads. @throws Undecided */
export function namesRead({ object }: Subject): readonly NamedSecret[] {
  const { mount, reads = [], isKeyVault = false } = fields[groupKindOf(object)] ?? {};
  const named = reads
    .flatMap((field) => pathsUnder(object, [], field))
    .map((path): NamedSecret => {
      const name = (): string | undefined => {
        const base = mount === undefined ? undefined : text(object, ...mount.split("."));
        const read = text(object, ...path);
        return base === undefined || read === undefined ? read : `${base}/${read}`;
      };
      return { path, name, isKeyVault };
    });
  return [...named, ...namesInCsiParameters(object)];
}

export function targetsOf(subject: Subject): readonly NamedSecret[] {
  if (subject.kind !== "OtherDelivery") return [{ path: targetPath(subject), name: () => targetOf(subject) }];
  return (fields[groupKindOf(subject.object)]?.targets ?? [])
    .flatMap((field) => pathsUnder(subject.object, [], field))
    .map((path) => ({ path, name: () => text(subject.object, ...path) }));
}

/** The CSI driver's list is a YAML text with objects, or for Azure with YAML texts. @throws Undecided */
function namesInCsiParameters(object: unknown): readonly NamedSecret[] {
  return ["objects", "secrets"].flatMap((field) => {
    const path = ["spec", "parameters", field];
    const written = text(object, ...path);
    if (written === undefined) return [];
    const isKeyVault = text(object, "spec", "provider") === "azure";
    const { content, lineOf } = parsed(written);
    const base = isRecord(content) ? ["array"] : [];
    return list(content, ...base).flatMap((item, i): readonly NamedSecret[] => {
      const isText = typeof item === "string";
      const one = isText ? parsed(item).content : item;
      const key = ["secretPath", "resourceName", "objectName"].find((name) => text(one, name) !== undefined);
      if (key === undefined || !["secret", undefined].includes(text(one, "objectType"))) return [];
      const line = lineOf([...base, i, ...(isText ? [] : [key])]);
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
 * Names that a pod gets without a Secret: in annotations of Vault's agent injector, and as `vault:path#key` in a
 * variable, which Bank-Vaults' webhook replaces. @throws Undecided
 * @see https://developer.hashicorp.com/vault/docs/platform/k8s/injector/annotations
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
  const replaced = containersOf(subject).flatMap(({ object: container, path }) =>
    list(container, "env").map((_, i) => ({
      path: [...path, "env", i, "value"],
      name: () => /^(?:>>)?vault:([^#]+)#/.exec(text(container, "env", i, "value") ?? "")?.[1],
    })),
  );
  return [...annotated, ...replaced];
}
