import { catalogueSchema, type Catalogue } from "../../domain/catalogue/catalogue.ts";

type Written = Parameters<typeof catalogueSchema.parse>[0];

/** The smallest catalogue there is, with what a test is about put in. Shape: as in environments/catalogue.yaml. */
export function catalogueOf(parts: Readonly<Record<string, unknown>> = {}): Catalogue {
  const empty: Written = {
    secrets: {},
    clusterManaged: [],
    deliveries: {},
    settings: [],
    retired: {},
    fixtures: { values: ["sample-*", "minioadmin"], placeholders: ["CHANGEME"] },
  };
  return catalogueSchema.parse({ ...(empty as object), ...parts });
}
