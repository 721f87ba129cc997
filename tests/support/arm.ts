import { request } from "node:https";
import type { localArm } from "../../cli/access/local-stack.ts";

/**
 * One call to the Azure stand-in, Resource Manager or Key Vault, as the owner of its subscription.
 *
 * @returns the body.
 */
export function armRequest(
  { endpoint, caPem, operatorToken }: ReturnType<typeof localArm>,
  method: string,
  path: string,
  body?: object,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const type = body === undefined ? {} : { "content-type": "application/json" };
    const headers = { authorization: `Bearer ${operatorToken}`, ...type };
    const call = request(new URL(path, endpoint), { method, headers, ca: caPem }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.on("end", () => {
        if ((response.statusCode ?? 500) < 400) resolve(text);
        else reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`));
      });
    });
    call.on("error", reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
