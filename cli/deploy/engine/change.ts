import type { Stage } from "../../../domain/stage.ts";

export interface Change {
  readonly operation: "same" | "create" | "update" | "delete" | "import" | "refresh" | "replace";
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  /** The object's own name where its inputs hold it, such as `ameide-dev/ghcr-pull-sync`; `name` is the program's word for it. */
  readonly object?: string;
  readonly stage: Stage;
  /** Whether a Kubernetes object keeps its name and is created before the deletion, which then removes the new object. */
  readonly losesItself?: true;
  /** Property paths that differ; empty for creations and deletions. */
  readonly differs: readonly string[];
  /**
   * SHA-256 of the inputs that it gets, by which two plans of one commit are known to be the same. The engine shows marked
   * values as `[secret]`, so none is in it. Not of providers: their inputs differ between machines.
   */
  readonly inputs?: string;
}

/** Without components and providers: only Pulumi knows them. */
export function objectsOf(changes: readonly Change[]): readonly Change[] {
  return changes.filter(({ type }) => !/^(?:pulumi:providers|ameide-secrets):/.test(type));
}

/** @returns such as `34 to create, 1 to update`, or `34 created, 1 updated`. */
export function countChanges(changes: readonly Change[], tense: "planned" | "done"): string {
  const isPlan = tense === "planned";
  const counts = [...Map.groupBy(objectsOf(changes), ({ operation }) => operation)].map(([operation, { length }]) =>
    isPlan
      ? `${length} to ${operation}`
      : `${length} ${operation === "same" ? "unchanged" : operation.replace(/e?$/, "ed")}`,
  );
  return counts.length > 0 ? counts.join(", ") : isPlan ? "nothing to change" : "nothing changed";
}

/** A Kubernetes object that the engine could not create or update, as a {@link Change} names it. */
export type FailedObject = Required<Pick<Change, "type" | "object">>;

export function stageOf(type: string): Stage {
  if (/:keyvault[:/]/i.test(type) || type.includes(":key-vault:")) return "key-vault";
  if (/:(managedidentity|authorization)[:/]/i.test(type) || type.includes(":identity:")) return "identity";
  if (/:(SecretStore|ClusterSecretStore)$/.test(type)) return "secret-store";
  if (/:(ExternalSecret|ClusterExternalSecret|PushSecret|ServiceAccountPatch)$/.test(type)) return "external-secret";
  if (type.includes(":external-secret:") || type.includes(":secret-store:")) return "external-secret";
  if (type.startsWith("vault:") || type.includes(":vault:")) return "vault";
  return "bootstrap";
}
