import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { command } from "../command.ts";

export const add = command({
  name: "add",
  summary: "add an external secret to the catalogue and to .env.example, and show the path that it will take",
  arguments: [{ name: "<name>", summary: "variable or secret, such as STRIPE_API_KEY" }],
  options: [
    { flags: "--owner <team>", summary: "team that owns it" },
    {
      flags: "--required <environment>",
      summary: "vault-bootstrap fails there if it is missing; can be repeated",
      repeatable: true,
    },
    {
      flags: "--environment <environment>",
      summary: "where it exists (default: everywhere); can be repeated",
      repeatable: true,
    },
    {
      flags: "--consumer <namespace>",
      summary: "namespace that reads it by its own ExternalSecret; can be repeated",
      repeatable: true,
    },
    {
      flags: "--deliver-to <secret>",
      summary: "Kubernetes Secret that receives it; added to the catalogue if it is new",
    },
    { flags: "--key <key>", summary: "key in that Secret (default: the variable)" },
    { flags: "--rotate-every <days>", summary: "maximum age, such as 90d" },
    { flags: "--reason <text>", summary: "why it is external" },
    { flags: "--see <reference>", summary: "where to read more; stored in the catalogue" },
    { flags: "--over-pattern", summary: "add it although its name matches a pattern for cluster-managed secrets" },
    { flags: "--dry-run", summary: "show the result, write nothing" },
  ],
  examples: ["ameide-secrets add STRIPE_API_KEY --owner billing --deliver-to billing-credentials --required prod"],
  async run(
    { environment: environments, consumer: consumers, deliverTo, key, dryRun, ...rest },
    { args: [name = ""] },
  ) {
    const [{ addSecret }, { repositoryRoot }, { catalogueIn }, { classify }] = await Promise.all([
      import("../../environments/add-secret.ts"),
      import("../../environments/index.ts"),
      import("../../environments/catalogue.ts"),
      import("../../domain/catalogue/lookup.ts"),
    ]);
    const file = "environments/catalogue.yaml";
    const at = (path: string) => join(repositoryRoot, path);
    const before = {
      catalogue: readFileSync(at(file), "utf8"),
      example: readFileSync(at(".env.example"), "utf8"),
      file,
    };
    const added = addSecret(before, {
      ...rest,
      name,
      environments,
      consumers,
      ...(deliverTo === undefined ? {} : { deliverTo: { target: deliverTo, key } }),
    });
    const catalogue = catalogueIn(added.catalogue, file);
    const targets = Object.entries(catalogue.deliveries)
      .filter(([, { keys = {}, username, password }]) =>
        [...Object.values(keys), username, password].includes(added.secret),
      )
      .map(([target]) => target);
    if (dryRun !== true) {
      writeFileSync(at(file), added.catalogue);
      writeFileSync(at(".env.example"), added.example);
    }
    const { kind } = classify(catalogue, added.secret);
    return {
      text: `${added.variable} -> Key Vault ${added.secret} -> secret/${added.secret} -> ${targets.join(", ") || "no delivery yet (--deliver-to)"} [${kind}]`,
      ...(dryRun === true
        ? {}
        : {
            next: `changed ${file} and .env.example; next: node docs/generate.ts, ameide-secrets preview --all --offline`,
          }),
    };
  },
});
