/** What once broke on the platform that this program was written for: titles in `docs/incidents.md`. */
export const incidents = {
  P1: "A registry token that was a fixture",
  P2: "A Keycloak client secret declared as external",
  P3: "A client id that outlived its identity",
  P4: "Federated credentials missing after a split of namespaces",
  P5: "An empty prefix that became env- again",
  P6: "A Vault role that asked for an audience",
  P7: "An expired reviewer token",
  P8: "Extraction and readiness that waited for each other",
  P9: "Written successfully, and nothing in Vault",
  P10: "A confidential client taken for a public one",
  P11: "Bootstrap images that needed the pull secret they were to bring",
  P12: "Two writers of one database password",
  P13: "A sealed Vault, and one on a new volume",
  P14: "A rotated secret that arrived an hour later",
  P15: "A namespace without a store",
  P16: "Pull secrets only in the environments' namespaces",
  P17: "A template inside a template",
  P18: "Cluster-scoped objects with one name for all environments",
  P19: "A store that named a Vault that did not exist",
  P20: "A bootstrap that waited for a Vault of another name",
  P21: "Overrides that nothing read",
  P22: "A Key Vault that was recovered by hand",
  P23: "Writes to Key Vault refused",
  P24: "A local Vault that stayed sealed",
  P25: "Empty values in .env",
  P26: "A key that nothing produced",
  P27: "Tools downloaded at run time",
  P28: "A bootstrap password that changed after the realm was created",
  P29: "A literal that replaced a fetched token",
  P30: "A session secret that was too short",
  P31: "Passwords with reserved characters in a URL",
  P32: "A service that lost its state while Vault kept the key",
  P33: "One Secret from two applications",
  P34: "A committed CHANGEME",
  P35: "Runs that were killed every minute",
  P36: "An invalid token for a public repository",
  P37: "An image reference that was put together wrongly",
  P38: "Jobs without tolerations",
  P39: "A Keycloak client that did not exist",
  P40: "A readiness hook that always failed",
  P41: "Repairs by hand, with annotations and deletions",
  P42: "One token in two places",
} as const;

export type IncidentId = keyof typeof incidents;

function isIncident(reference: string): reference is IncidentId {
  return Object.hasOwn(incidents, reference);
}

export function incidentAnchor(id: IncidentId): string {
  return incidents[id]
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, "")
    .replaceAll(" ", "-");
}

/** What a reader can open of a list of references; bare numbers of the platform's own documents are left out. */
export function readableReferences(references: readonly string[]): readonly string[] {
  return references.flatMap((reference) => {
    if (isIncident(reference)) return [`docs/incidents.md#${incidentAnchor(reference)}`];
    return /^(design )?\d+(-[a-z0-9]+)?$/.test(reference) ? [] : [reference];
  });
}

/** The same in Markdown, for a page in `docs/`. */
export function linkedReferences(references: readonly string[]): readonly string[] {
  return references.flatMap((reference) =>
    isIncident(reference)
      ? [`[${incidents[reference]}](incidents.md#${incidentAnchor(reference)})`]
      : readableReferences([reference]),
  );
}
