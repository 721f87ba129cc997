import { at, isRecord, list, text } from "./reading.ts";
import { tryText, type Subject } from "./subject.ts";

type Made = (object: unknown, name: string) => readonly (string | undefined)[];

/** Created unless the object names one that exists. @throws Undecided */
function unless(object: unknown, created: string, ...fields: readonly string[]): string | undefined {
  return fields.some((field) => at(object, ...field.split(".")) !== undefined) ? undefined : created;
}

/**
 * Objects whose operator creates Secrets: their names by group and kind.
 *
 * @see https://cloudnative-pg.io/documentation/current/applications/#secrets
 * @see https://cert-manager.io/docs/usage/certificate/
 */
const makers: Readonly<Record<string, Made>> = {
  "postgresql.cnpg.io/Cluster": (object, name) => [
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
  "cert-manager.io/Certificate": (object) => [text(object, "spec", "secretName")],
  "k8s.keycloak.org/Keycloak": (object, name) => [
    unless(object, `${name}-initial-admin`, "spec.bootstrapAdmin.user.secret"),
  ],
  "rabbitmq.com/RabbitmqCluster": (_, name) => [`${name}-default-user`, `${name}-erlang-cookie`],
  "kafka.strimzi.io/KafkaUser": (_, name) => [name],
  "kafka.strimzi.io/Kafka": (_, name) => [`${name}-cluster-ca-cert`, `${name}-clients-ca-cert`],
  "postgres-operator.crunchydata.com/PostgresCluster": (object, name) => {
    const users = list(object, "spec", "users").map((_, i) => text(object, "spec", "users", i, "name"));
    return (users.length === 0 ? [name] : users).map((user) => `${name}-pguser-${user ?? ""}`);
  },
  "elasticsearch.k8s.elastic.co/Elasticsearch": (_, name) => [`${name}-es-elastic-user`],
};

/** Group and kind of each, for the table of kinds. */
export const secretMakers: readonly string[] = Object.keys(makers);

/** Secrets that the operator of an object creates. @throws Undecided */
export function secretsMade({ object }: Subject): readonly string[] {
  const name = tryText(object, "metadata", "name");
  if (!isRecord(object) || name === undefined) return [];
  const made = makers[`${String(object["apiVersion"]).replace(/\/.*$/, "")}/${String(object["kind"])}`];
  return (made?.(object, name) ?? []).filter((one) => one !== undefined);
}
