import type { IncomingMessage } from "node:http";
import { request, type RequestOptions } from "node:https";

/**
 * The lines of an answer that goes on for as long as the server likes, each as soon as it is whole.
 *
 * @param refused - makes the error of an answer that is none of those.
 * @throws what `refused` makes; the request's own error where there is no answer, or `signal` ended it.
 */
export async function* watchLines(
  url: URL,
  options: RequestOptions,
  refused: (status: number, text: string, url: URL) => Error,
): AsyncGenerator<string> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(url, options, resolve).on("error", reject).end();
  });
  response.setEncoding("utf8");
  let text = "";
  if (response.statusCode !== 200) {
    for await (const part of response as AsyncIterable<string>) text += part;
    throw refused(response.statusCode ?? 0, text, url);
  }
  for await (const part of response as AsyncIterable<string>) {
    const lines = `${text}${part}`.split("\n");
    text = lines.pop() ?? "";
    yield* lines;
  }
}
