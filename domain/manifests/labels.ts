/** On every object of ours, so that one selector finds them all. */
export const ourLabels = { "app.kubernetes.io/part-of": "ameide-secrets" };

/** Which bundle, configuration and run an object was made for: `up` waits until ESO has synced past a new one. */
export const digestAnnotation = "ameide.io/chain-digest";

/** A change of it makes External Secrets sync an object now: https://external-secrets.io/latest/introduction/faq */
export const forceSyncAnnotation = "force-sync";

/** Kept on the target Secret: `kubectl get secrets -l app.kubernetes.io/managed-by=external-secrets` is the check of document 451. */
export const targetLabels = { "app.kubernetes.io/managed-by": "external-secrets" };

/** Who applies our objects, to the API server; see components/providers.ts. */
export const fieldManager = "ameide-secrets";
