import type { Authority } from "../../domain/catalogue/catalogue.ts";
import { at, groupKindOf, list, text } from "./reading.ts";
import { tryText, type Subject } from "./subject.ts";

interface Maker {
  /** Owner of the values, where the catalogue has an authority for it. */
  readonly authority?: Exclude<Authority, "external">;
  readonly secrets: (object: unknown, name: string) => readonly (string | undefined)[];
}

/** `created`, unless the object names an existing Secret. @throws Undecided */
function unless(object: unknown, created: string, ...fields: readonly string[]): string | undefined {
  return fields.some((field) => at(object, ...field.split(".")) !== undefined) ? undefined : created;
}

/**
 * Objects with an operator that creates Secrets: their names by group and kind.
 * @see https://cloudnative-pg.io/documentation/current/applications/#secrets
 * @see https://cert-manager.io/docs/usage/certificate/
 */
const makers: Readonly<Record<string, Maker>> = {
  "postgresql.cnpg.io/Cluster": {
    authority: "cnpg",
    secrets: (object, name) => [
      unless(
        object,
        `${name}-app`,
        ...["initdb", "recovery", "pg_basebackup"].map((way) => `spec.bootstrap.${way}.secret.name`),
      ),
      unless(object, `${name}-superuser`, "spec.superuserSecret.name"),
      unless(object, `${name}-ca`, "spec.certificates.serverCASecret"),
      unless(object, `${name}-server`, "spec.certificates.serverTLSSecret"),
      unless(object, `${name}-replication`, "spec.certificates.replicationTLSSecret"),
      `${name}-pooler`,
    ],
  },
  "cert-manager.io/Certificate": { authority: "tls", secrets: (object) => [text(object, "spec", "secretName")] },
  "k8s.keycloak.org/Keycloak": {
    authority: "keycloak",
    secrets: (object, name) => [unless(object, `${name}-initial-admin`, "spec.bootstrapAdmin.user.secret")],
  },
  "rabbitmq.com/RabbitmqCluster": { secrets: (_, name) => [`${name}-default-user`, `${name}-erlang-cookie`] },
  "kafka.strimzi.io/KafkaUser": { secrets: (_, name) => [name] },
  "kafka.strimzi.io/Kafka": { secrets: (_, name) => [`${name}-cluster-ca-cert`, `${name}-clients-ca-cert`] },
  "postgres-operator.crunchydata.com/PostgresCluster": {
    secrets: (object, name) => {
      const users = list(object, "spec", "users").map((_, i) => text(object, "spec", "users", i, "name"));
      return (users.length === 0 ? [name] : users).map((user) => `${name}-pguser-${user ?? ""}`);
    },
  },
  "elasticsearch.k8s.elastic.co/Elasticsearch": { secrets: (_, name) => [`${name}-es-elastic-user`] },
};

export const secretMakers: readonly string[] = Object.keys(makers);

/** The Secrets that the operator of an object creates, and who owns their values. @throws Undecided */
export function secretsMade({ object }: Pick<Subject, "object">) {
  const name = tryText(object, "metadata", "name");
  const maker = makers[groupKindOf(object)];
  const names = name === undefined ? [] : (maker?.secrets(object, name) ?? []);
  return { authority: maker?.authority, names: names.filter((one) => one !== undefined) };
}
