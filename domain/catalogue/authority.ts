import { authorities, type Authority } from "./catalogue.ts";

/** Where a secret is to be stored or delivered, in the order of the pipeline. */
export const destinations = [
  "dotenv",
  "key-vault",
  "vault-by-bootstrap",
  "vault-by-others",
  "external-secret",
  "target-secret",
] as const;

export type Destination = (typeof destinations)[number];

/**
 * On which condition secrets of an authority are allowed at a destination.
 * - `where-absent`: written only where no value exists; never over a value.
 * - `as-declared`: only as the exact delivery that the catalogue declares with its producer.
 * - `by-its-producer`: written by whoever creates it, such as `keycloak-client-patcher`.
 * - `as-mirror`: a PushSecret with `updatePolicy: Replace`, with a path that no ExternalSecret reads.
 */
export type Condition = "always" | "never" | "where-absent" | "as-declared" | "by-its-producer" | "as-mirror";

const asDeclared = {
  external: "always",
  keycloak: "as-declared",
  service: "as-declared",
  generated: "as-declared",
} as const;

/** What is allowed where: the one table behind every authority rule (guard, pack, lint, admission). */
export const conditions: Readonly<Record<Destination, Readonly<Record<Authority, Condition>>>> = {
  dotenv: allowing({ external: "always" }),
  "key-vault": allowing({ external: "always" }),
  "vault-by-bootstrap": allowing({ external: "always", generated: "where-absent" }),
  "vault-by-others": allowing({
    keycloak: "by-its-producer",
    service: "by-its-producer",
    cnpg: "as-mirror",
    redis: "as-mirror",
    helm: "as-mirror",
  }),
  "external-secret": allowing(asDeclared),
  "target-secret": allowing(asDeclared),
};

/** A row of the table: every authority that is not named is never allowed. */
function allowing(row: Partial<Record<Authority, Condition>>): Record<Authority, Condition> {
  return Object.fromEntries(authorities.map((authority) => [authority, row[authority] ?? "never"])) as Record<
    Authority,
    Condition
  >;
}

/** What is known about the write or delivery; what is left out counts as no. */
export interface Circumstances {
  /** The catalogue declares this exact delivery. */
  readonly declared?: boolean;
  /** The write happens only if no value exists (CAS 0). */
  readonly whereAbsent?: boolean;
  /** The writer is the producer that the catalogue names. */
  readonly byProducer?: boolean;
  /** A PushSecret with `Replace` with a path that no ExternalSecret reads. */
  readonly mirror?: boolean;
}

export type AuthorityCheck =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: string; readonly fix: string };

const refusals: Readonly<Record<Destination, string>> = {
  dotenv: "are not allowed in .env",
  "key-vault": "are not allowed in Key Vault",
  "vault-by-bootstrap": "must not be written to Vault by vault-bootstrap",
  "vault-by-others": "must not be written to Vault by other writers",
  "external-secret": "must not be fetched by an ExternalSecret",
  "target-secret": "must not be the target of an ExternalSecret",
};

const labels: Readonly<Record<Destination, string>> = {
  dotenv: ".env accepts",
  "key-vault": "Key Vault accepts",
  "vault-by-bootstrap": "vault-bootstrap writes",
  "vault-by-others": "writers other than vault-bootstrap may write",
  "external-secret": "an ExternalSecret may fetch",
  "target-secret": "an ExternalSecret may create",
};

const owners: Readonly<Record<Authority, string>> = {
  external: "come from outside the cluster",
  cnpg: "are created by the CNPG operator in the cluster",
  redis: "are created by the Redis operator in the cluster",
  keycloak: "are created by Keycloak and extracted by its client-patcher",
  helm: "are created once by their Helm release",
  service: "are issued by a service in the cluster",
  generated: "are created by vault-bootstrap",
  tls: "are created by cert-manager",
  bootstrap: "belong to the cluster's own bootstrap",
};

/** Which circumstance meets a condition; otherwise why the check fails, and what to do. */
const requirements: Readonly<
  Record<
    Exclude<Condition, "always" | "never">,
    { readonly met: keyof Circumstances; readonly reason: string; readonly fix: string }
  >
> = {
  "where-absent": { met: "whereAbsent", reason: "only where no value exists yet", fix: "write it with CAS 0" },
  "as-declared": {
    met: "declared",
    reason: "only as the delivery that the catalogue declares with its producer",
    fix: "declare it under inClusterDeliveries in environments/catalogue.yaml, or remove it",
  },
  "by-its-producer": {
    met: "byProducer",
    reason: "only if they are the producer that the catalogue names",
    fix: "leave the write to that producer",
  },
  "as-mirror": {
    met: "mirror",
    reason: "only as a PushSecret with updatePolicy Replace with a path that no ExternalSecret reads",
    fix: "set updatePolicy: Replace and remove every ExternalSecret that reads the path",
  },
};

/**
 * Checks whether a secret is allowed at a destination.
 *
 * @param authority - `undefined` for a name that is not in the catalogue: never allowed.
 */
export function checkAuthority(
  destination: Destination,
  authority: Authority | undefined,
  circumstances: Circumstances = {},
): AuthorityCheck {
  if (authority === undefined) {
    return {
      ok: false,
      reason: `names that are not in the catalogue ${refusals[destination]}`,
      fix: "give it a class in environments/catalogue.yaml; `ameide-secrets lint --learn PATH` or `ameide-secrets env classify` prints the entry",
    };
  }
  const condition = conditions[destination][authority];
  if (condition === "always") return { ok: true };
  if (condition === "never") {
    const reason = `secrets of authority ${authority} ${owners[authority]}; they ${refusals[destination]}`;
    return { ok: false, reason, fix: "remove it here and leave it to its owner" };
  }
  const { met, reason, fix } = requirements[condition];
  if (circumstances[met] === true) return { ok: true };
  return { ok: false, reason: `${labels[destination]} a secret of authority ${authority} ${reason}`, fix };
}
