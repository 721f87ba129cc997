import { basename } from "node:path";

/** Words by which a file says that its values are samples, in any place of its name: `.env.dev.example`, `sample.env`. */
const exampleWord = /(?:^|[._-])(?:examples?|samples?|templates?|tmpl|tpl|dist|skeleton)(?=[._-]|$)/i;

/** Whether a path names a file of variables: `.env`, `.env.local`, `dev.env`, and examples of those. */
export function isDotenvFile(path: string): boolean {
  return /^\.env(?:[._-].+)?$|\.env$/.test(basename(path));
}

/** Whether a path names a file of sample values, which people commit on purpose. */
export function isExampleFile(path: string): boolean {
  return exampleWord.test(basename(path));
}
