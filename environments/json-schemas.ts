import { z } from "zod";
import { catalogueSchema } from "../domain/catalogue/catalogue.ts";
import { environmentSettings, localSettings, sharedSettings } from "../domain/plan/settings.ts";
import { settingsKey } from "./stack-file.ts";

/** The schemas of catalogue and stack files for editors; loading checks what a JSON Schema cannot express. */
export function jsonSchemas() {
  return [
    schemaFile("catalogue", "Catalogue of secrets", catalogueSchema),
    schemaFile("stack-shared", "Settings of the shared stack", stackFile(sharedSettings)),
    schemaFile("stack-environment", "Settings of dev, staging and prod", stackFile(environmentSettings)),
    schemaFile("stack-local", "Settings of the local stack", stackFile(localSettings)),
  ];
}

/** A stack file: the one object of ours, and Pulumi's own keys. */
function stackFile(settings: z.ZodType): z.ZodType {
  return z.looseObject({ config: z.looseObject({ [settingsKey]: settings }) });
}

function schemaFile(name: string, title: string, schema: z.ZodType) {
  // as written, before defaults are filled in; checks by code have no form in JSON Schema
  const json = z.toJSONSchema(schema, { target: "draft-7", io: "input", unrepresentable: "any" });
  const { $schema, ...rest } = json;
  const text = `${JSON.stringify({ $schema, title, ...rest }, undefined, 2)}\n`;
  return { path: `environments/schema/${name}.schema.json`, text };
}
