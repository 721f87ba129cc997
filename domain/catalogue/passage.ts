import type { Authority } from "./catalogue.ts";

/** A place where a secret may be let in or refused: the doors of the chain, in its order. */
export const doors = [
  "dotenv",
  "key-vault",
  "vault-by-bootstrap",
  "vault-by-others",
  "external-secret",
  "target-secret",
] as const;

export type Door = (typeof doors)[number];

/**
 * On which condition an authority may pass a door.
 * - `where-absent`: written only where nothing is; never over a value.
 * - `as-declared`: only as the very delivery that the catalogue declares with its producer.
 * - `by-its-producer`: written by the one that makes it, such as `keycloak-client-patcher`.
 * - `as-mirror`: a PushSecret with `updatePolicy: Replace`, whose path no ExternalSecret reads.
 */
export type Condition = "always" | "never" | "where-absent" | "as-declared" | "by-its-producer" | "as-mirror";

/** Who may pass where: the one table behind every authority rule (guard, pack, lint, admission). */
export const passages: Readonly<Record<Door, Readonly<Record<Authority, Condition>>>> = {
  dotenv: only({ external: "always" }),
  "key-vault": only({ external: "always" }),
  "vault-by-bootstrap": only({ external: "always", generated: "where-absent" }),
  "vault-by-others": only({
    keycloak: "by-its-producer",
    service: "by-its-producer",
    cnpg: "as-mirror",
    redis: "as-mirror",
    helm: "as-mirror",
  }),
  "external-secret": only({
    external: "always",
    keycloak: "as-declared",
    service: "as-declared",
    generated: "as-declared",
  }),
  "target-secret": only({
    external: "always",
    keycloak: "as-declared",
    service: "as-declared",
    generated: "as-declared",
  }),
};

/** What is known about the one that stands at the door; what is left out counts as no. */
export interface Circumstances {
  /** The catalogue declares this very delivery. */
  readonly declared?: boolean;
  /** The write happens only if nothing is there (CAS 0). */
  readonly whereAbsent?: boolean;
  /** The writer is the producer that the catalogue names. */
  readonly byProducer?: boolean;
  /** A PushSecret with `Replace` whose path no ExternalSecret reads. */
  readonly mirror?: boolean;
}

export type Passage = { readonly ok: true } | { readonly ok: false; readonly reason: string; readonly fix: string };

const doorLabels: Readonly<Record<Door, string>> = {
  dotenv: ".env",
  "key-vault": "Key Vault",
  "vault-by-bootstrap": "vault-bootstrap",
  "vault-by-others": "Vault, written by others than vault-bootstrap,",
  "external-secret": "an ExternalSecret",
  "target-secret": "a Secret made by an ExternalSecret",
};

const ownerLabels: Readonly<Record<Authority, string>> = {
  external: "come from outside the cluster",
  cnpg: "are made by the CNPG operator in the cluster",
  redis: "are made by the Redis operator in the cluster",
  keycloak: "are made by Keycloak and extracted by its client-patcher",
  helm: "are made once by their Helm release",
  service: "are minted by a service in the cluster",
  generated: "are made by vault-bootstrap",
  tls: "are made by cert-manager",
  bootstrap: "belong to the cluster's own bootstrap",
};

/** Why a condition is not met, and what would meet it. */
const unmet: Readonly<
  Record<Exclude<Condition, "always" | "never">, { readonly reason: string; readonly fix: string }>
> = {
  "where-absent": { reason: "only where nothing is written yet", fix: "write it with CAS 0" },
  "as-declared": {
    reason: "only as the delivery that the catalogue declares with its producer",
    fix: "declare it under inClusterDeliveries in environments/catalogue.yaml, or remove it",
  },
  "by-its-producer": {
    reason: "only by the producer that the catalogue names",
    fix: "leave the write to that producer",
  },
  "as-mirror": {
    reason: "only as a PushSecret with updatePolicy Replace whose path no ExternalSecret reads",
    fix: "set updatePolicy: Replace and remove every ExternalSecret that reads the path",
  },
};

/**
 * Who may pass where.
 *
 * @param authority - `undefined` for a name that the catalogue does not know: refused at every door.
 */
export function passage(door: Door, authority: Authority | undefined, seen: Circumstances = {}): Passage {
  if (authority === undefined) {
    return {
      ok: false,
      reason: `${doorLabels[door]} takes no name that the catalogue does not know`,
      fix: "give it a class in environments/catalogue.yaml; `ameide-secrets env classify` prints the line to paste",
    };
  }
  const condition = passages[door][authority];
  switch (condition) {
    case "always":
      return { ok: true };
    case "never":
      return {
        ok: false,
        reason: `secrets of authority ${authority} ${ownerLabels[authority]}; ${doorLabels[door]} takes none of them`,
        fix: "remove it here and leave it to its owner",
      };
    case "where-absent":
      return given(seen.whereAbsent, door, authority, condition);
    case "as-declared":
      return given(seen.declared, door, authority, condition);
    case "by-its-producer":
      return given(seen.byProducer, door, authority, condition);
    case "as-mirror":
      return given(seen.mirror, door, authority, condition);
  }
}

function given(met: boolean | undefined, door: Door, authority: Authority, condition: keyof typeof unmet): Passage {
  if (met === true) return { ok: true };
  const { reason, fix } = unmet[condition];
  return { ok: false, reason: `${doorLabels[door]} takes a secret of authority ${authority} ${reason}`, fix };
}

/** A row of the table: what is not named never passes. */
function only(conditions: Partial<Record<Authority, Condition>>): Record<Authority, Condition> {
  return {
    external: "never",
    cnpg: "never",
    redis: "never",
    keycloak: "never",
    helm: "never",
    service: "never",
    generated: "never",
    tls: "never",
    bootstrap: "never",
    ...conditions,
  };
}
