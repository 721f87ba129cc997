import assert from "node:assert/strict";
import { ServerError } from "../../../clients/http.ts";
import { podLog } from "../../../clients/kubernetes.ts";

const refusing = (status: number) => ({ text: () => Promise.reject(new ServerError(status, `HTTP ${status}`)) });

describe("podLog", () => {
  it("is empty while no container has started, and after the pod is gone", async () => {
    assert.equal(await podLog(refusing(400), "n", "p"), "");
    assert.equal(await podLog(refusing(404), "n", "p"), "");
  });
  it("fails if the right to it is missing, and if no server answers", async () => {
    await assert.rejects(podLog(refusing(403), "n", "p"), { status: 403 });
    await assert.rejects(podLog({ text: () => Promise.reject(new Error("gone")) }, "n", "p"), /gone/);
  });
  it("requests only its end if that is enough", async () => {
    const read = { text: (path: string) => Promise.resolve(path) };
    assert.equal(await podLog(read, "n", "p", 30), "/api/v1/namespaces/n/pods/p/log?tailLines=30");
    assert.equal(await podLog(read, "n", "p"), "/api/v1/namespaces/n/pods/p/log");
  });
});
