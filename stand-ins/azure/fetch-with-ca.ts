import { request } from "node:https";

/** GETs behind a CA of its own; `fetch` knows only the CAs of the whole process. Times out after 5 seconds. */
export function fetchWithCa(address: string, caPem: string, bearerToken?: string): Promise<Response> {
  const headers = bearerToken === undefined ? {} : { authorization: `Bearer ${bearerToken}` };
  return new Promise((resolve, reject) => {
    const call = request(address, { ca: caPem, headers, timeout: 5000 }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => resolve(new Response(Buffer.concat(chunks), { status: answer.statusCode ?? 500 })));
    });
    call.on("timeout", () => call.destroy(new Error(`no answer from ${address} within 5 seconds`)));
    call.on("error", reject);
    call.end();
  });
}
