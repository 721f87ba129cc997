import { authorities, type Authority } from "./catalogue.ts";

/** Where a secret is to be stored or delivered, in the order of the pipeline: what is refused there, and what is accepted. */
const messages = {
  dotenv: ["are not allowed in .env", ".env accepts"],
  "key-vault": ["are not allowed in Key Vault", "Key Vault accepts"],
  "vault-by-bootstrap": ["must not be written to Vault by vault-bootstrap", "vault-bootstrap writes"],
  "vault-by-others": ["must not be written to Vault by other writers", "writers other than vault-bootstrap may write"],
  "external-secret": ["must not be fetched by an ExternalSecret", "an ExternalSecret may fetch"],
  "target-secret": ["must not be the target of an ExternalSecret", "an ExternalSecret may create"],
} as const;

export type Destination = keyof typeof messages;

export const destinations = Object.keys(messages) as Destination[];

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

/** Conditions that the write or delivery is known to meet; one that is left out counts as not met. */
export type Circumstances = { readonly [Met in keyof typeof requirements]?: boolean };

export type AuthorityCheck =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: string; readonly fix: string };

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

const requirements = {
  "where-absent": { reason: "only where no value exists yet", fix: "write it with CAS 0" },
  "as-declared": {
    reason: "only as the delivery that the catalogue declares with its producer",
    fix: "declare it under inClusterDeliveries in environments/catalogue.yaml, or remove it",
  },
  "by-its-producer": {
    reason: "only if they are the producer that the catalogue names",
    fix: "leave the write to that producer",
  },
  "as-mirror": {
    reason: "only as a PushSecret with updatePolicy Replace with a path that no ExternalSecret reads",
    fix: "set updatePolicy: Replace and remove every ExternalSecret that reads the path",
  },
} satisfies Partial<Record<Condition, { readonly reason: string; readonly fix: string }>>;

/** Checks whether a secret is allowed at a destination. Without an authority (not in the catalogue) it never is. */
export function checkAuthority(
  destination: Destination,
  authority: Authority | undefined,
  circumstances: Circumstances = {},
): AuthorityCheck {
  const [refusal, acceptance] = messages[destination];
  if (authority === undefined) {
    return {
      ok: false,
      reason: `names that are not in the catalogue ${refusal}`,
      fix: "give it a class in environments/catalogue.yaml; `ameide-secrets lint --learn PATH` or `ameide-secrets env classify` prints the entry",
    };
  }
  const condition = conditions[destination][authority];
  if (condition === "always") return { ok: true };
  if (condition === "never") {
    const reason = `secrets of authority ${authority} ${owners[authority]}; they ${refusal}`;
    return { ok: false, reason, fix: "remove it here and leave it to its owner" };
  }
  if (circumstances[condition] === true) return { ok: true };
  const { reason, fix } = requirements[condition];
  return { ok: false, reason: `${acceptance} a secret of authority ${authority} ${reason}`, fix };
}
