/** What no rule can judge, and what holds there instead. docs/policies.md lists it. */
export const limits: readonly { readonly what: string; readonly why: string; readonly instead: string }[] = [
  {
    what: "A value that the program reads by a function (`vault.kv.getSecretV2`, `azure.keyvault.getSecret`), from a file or from its environment",
    why: "Pulumi reports dependencies on resources only; such a value looks like one that the program made.",
    instead: "Names are judged. Give the reading account no right to read cluster-managed names.",
  },
  {
    what: "A value that is computed from a resource that is only read (`Secret.get`), together with one that is created, in a program that does not run the embedded guard",
    why: "The engine does not show policies what is read. A value that comes from nothing else is refused by authority-copied-value.",
    instead: "The embedded guard sees both, since it runs in the program.",
  },
  {
    what: "A copy of a value, where the update runs with `--skip-preview`",
    why: "Pulumi reports dependencies at the end of a run, after the resources were created.",
    instead: "`ameide-secrets up` always previews first; the embedded guard judges before a resource is registered.",
  },
  {
    what: "What a resource of authority-opaque-writer writes",
    why: "It is decided by a command, a script, a chart or an address that is read later.",
    instead: "The resource itself is refused in this program's stacks.",
  },
  {
    what: "A resource of a type that no rule knows, in stacks of another project than `ameide-secrets`",
    why: "There it is the other program's own business; a policy group may judge such stacks as well.",
    instead: "Known types, manifests and templates are judged there too.",
  },
  {
    what: "The children of a component that its provider creates (`yaml/v2`, `helm.sh/v4`, `kustomize/v2`), without the pack",
    why: "The embedded guard sees only what the program itself registers.",
    instead:
      "The pack judges each child. Objects and YAML that are written in the component's inputs are judged by both.",
  },
  {
    what: "Inputs that are outputs of another resource, in the embedded guard",
    why: "Their values are not known when the resource is declared.",
    instead: "The pack judges them, at the latest before the update creates the resource.",
  },
  {
    what: "Vault's configuration written by `vault:generic/endpoint` (`sys/policies/...`, `auth/.../role/...`)",
    why: "Only the path of a value, and a reviewer token in `auth/.../config`, are judged; the rules of policies and roles look at the typed resources.",
    instead: "Use `vault.Policy` and `vault.kubernetes.AuthBackendRole`.",
  },
  {
    what: "A copy inside the cluster by a controller of its own (reflector, Kyverno, a job)",
    why: "It does not go through Pulumi or a file that `lint` reads.",
    instead: "The admission policy judges the ExternalSecrets and PushSecrets that it creates.",
  },
];
