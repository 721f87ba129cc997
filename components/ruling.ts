import type { ResourceTransformation } from "@pulumi/pulumi";

/** Objects that are this program's as a whole. Not among them: a patch of another's object, what holds state of its own. */
const whole =
  /^kubernetes:(batch\/v1:CronJob|core\/v1:ServiceAccount|rbac\.authorization\.k8s\.io\/v1:(Role|RoleBinding|ClusterRoleBinding)|external-secrets\.io\/v1:(SecretStore|ExternalSecret))$/;

/**
 * An edit by hand makes the editor the owner of the field, and server-side apply then refuses to put it right. In objects
 * that are ours as a whole the program wins; that another tool such as Argo tracks one is refused before any update.
 *
 * @see https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/
 */
export const ruling: ResourceTransformation = ({ type, props, opts }) => {
  if (!whole.test(type)) return undefined;
  const { metadata } = props as { readonly metadata: { readonly annotations?: object } };
  const annotations = { ...metadata.annotations, "pulumi.com/patchForce": "true" };
  return { props: { ...props, metadata: { ...metadata, annotations } }, opts };
};
