import { z } from "zod";

/** The bounds that Key Vault sets. @see https://learn.microsoft.com/azure/key-vault/secrets/about-secrets */
const maxValueInBytes = 25_600;

const attributes = z
  .object({ enabled: z.boolean().optional(), nbf: z.int().optional(), exp: z.int().optional() })
  .optional();

const tags = z
  .record(z.string().max(512), z.string().max(512))
  .refine((all) => Object.keys(all).length <= 15, "a secret has at most 15 tags")
  .optional();

export const secretProperties = z.object({ contentType: z.string().max(255).optional(), tags, attributes });

export const secretBody = secretProperties.extend({
  value: z
    .string()
    .refine(
      (value) => Buffer.byteLength(value) <= maxValueInBytes,
      `the value is longer than ${maxValueInBytes} bytes`,
    ),
});

/** 1 to 127 letters, digits and hyphens. */
export function isSecretName(name: string): boolean {
  return /^[0-9a-z-]{1,127}$/i.test(name);
}
