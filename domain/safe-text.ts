/** Control characters, line separators, and characters that turn the direction of text or are not seen. */
const unseen = /[\p{Cc}\u2028\u2029\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]/gu;

/**
 * Text of others on one line of output: what would break the line, move the cursor or hide something is shown as JSON
 * writes it, such as `\n`. At the beginning of a line `::` is a command to GitHub's runner, and so is `##[` anywhere.
 */
export function safeLine(text: string): string {
  return text
    .replaceAll(unseen, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .replaceAll("\\u000a", String.raw`\n`)
    .replaceAll("##[", String.raw`#\#[`)
    .replace(/^(\s*):(?=:)/, String.raw`$1\:`);
}
