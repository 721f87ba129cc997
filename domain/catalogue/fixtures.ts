/** `*` at the end of a marker matches any rest; case does not matter, since `CHANGEME` is written in every case. */
function matches(value: string, marker: string): boolean {
  const [seen, wanted] = [value.trim().toLowerCase(), marker.toLowerCase()];
  return wanted.endsWith("*") ? seen.startsWith(wanted.slice(0, -1)) : seen === wanted;
}

/** Whether `value` is a marker that must never reach a consumer, such as `CHANGEME`. */
export function isPlaceholder(value: string, { placeholders }: { readonly placeholders: readonly string[] }): boolean {
  return placeholders.some((marker) => matches(value, marker));
}

/** Whether `value` is a development value that is known to the public, such as `minioadmin`. */
export function isFixture(value: string, { values }: { readonly values: readonly string[] }): boolean {
  return values.some((marker) => matches(value, marker));
}

/** Whether `value` is one of `.env.example`: accepted in `local` and in no other environment. */
export function isSample(value: string): boolean {
  return value.startsWith("sample-");
}

/** Whether `value` contains a template, `{{ ... }}`, which nothing fills in. Braces alone end many JSON values. */
export function isUnrendered(value: string): boolean {
  const open = value.indexOf("{{");
  return open >= 0 && value.indexOf("}}", open + 2) >= 0;
}
