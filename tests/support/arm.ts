import { request } from "node:https";
import type { localArm } from "../../cli/deploy/local-azure.ts";

/** One call to the Azure stand-in's Resource Manager, as the owner of its subscription. @returns the body. */
export function armRequest(
  { endpoint, caPem, operatorToken }: ReturnType<typeof localArm>,
  method: string,
  path: string,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${operatorToken}` };
    const call = request(new URL(path, endpoint), { method, headers, ca: caPem }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.on("end", () => {
        if ((response.statusCode ?? 500) < 400) resolve(body);
        else reject(new Error(`${method} ${path}: ${response.statusCode} ${body}`));
      });
    });
    call.on("error", reject);
    call.end();
  });
}
