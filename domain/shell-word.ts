/**
 * One word of a POSIX shell, as typed: in quotes where it needs them. For names from files and clusters in a command that
 * a person pastes.
 */
export function shellWord(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
