import { createRequire } from "node:module";
import { z } from "zod";
import { isLoopback } from "../../domain/vault-target.ts";

/** A document with any other address is a mistake that would change the wrong servers. */
const loopbackUrl = z.url({ protocol: /^https?$/ }).refine(isLoopback, "use an address of this machine");

/** What `main.ts` reads from standard input as one line of JSON, since it may contain tokens. */
export const providersConfigSchema = z.discriminatedUnion("mode", [
  z.strictObject({
    mode: z.literal("live"),
    /** @see CreationJournal @default - nothing is remembered beyond this process */
    journalPath: z.string().optional(),
    /** @default - the engine has the real provider `vault` */
    vault: z
      .strictObject({
        address: loopbackUrl,
        /** @default - the program's own `token`; without both, nothing of Vault can be planned */
        token: z.string().optional(),
      })
      .optional(),
    azure: z.strictObject({
      /** Such as `https://127.0.0.1:28208`. */
      endpoint: loopbackUrl,
      caPem: z.string(),
      operatorToken: z.string(),
      /** @default - the `subscriptionId` that the program gives its provider */
      subscriptionId: z.guid().optional(),
    }),
  }),
  /** Without servers: outputs are the inputs, computed ones are unknown; nothing can be created. */
  z.strictObject({ mode: z.literal("offline") }),
]);

export type ProvidersConfig = z.infer<typeof providersConfigSchema>;
export type LiveConfig = Extract<ProvidersConfig, { mode: "live" }>;

/** @throws Error that quotes nothing of the line, which may contain tokens. */
export function parseProvidersConfig(line: string): ProvidersConfig {
  let document: unknown;
  try {
    document = JSON.parse(line);
  } catch {
    throw new Error("the providers' configuration on standard input is not a line of JSON");
  }
  const parsed = providersConfigSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  const places = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new Error(`the providers' configuration is not complete: ${places.join("; ")}`);
}

const require = createRequire(import.meta.url);

export type PackageName = "azure-native" | "kubernetes" | "vault";

/** Of the installed SDK: the engine compares it with the version that the program asks for. */
export function sdkVersion(name: PackageName): string {
  return (require(`@pulumi/${name}/package.json`) as { version: string }).version;
}
