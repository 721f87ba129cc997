// Loaded into a program of ours by `NODE_OPTIONS=--import`: appends what the program sends, and what it is sent by gRPC, to
// the file that WIRE_RECORD names. Plain JavaScript, since the programs that a Pulumi engine starts are of any kind.
import { subscribe } from "node:diagnostics_channel";
import { appendFileSync } from "node:fs";
import http2 from "node:http2";
import { syncBuiltinESMExports } from "node:module";

const file = process.env.WIRE_RECORD;
const program = process.argv.slice(1).join(" ");

/** One message a line. Synchronous: a program may end at any moment. */
function record(to, headers, body) {
  appendFileSync(file, `${JSON.stringify({ program, to, headers, body })}\n`, { mode: 0o600 });
}

/** Collects the chunks of one message. */
const collector = () => {
  const chunks = [];
  return {
    add(chunk, encoding) {
      if (typeof chunk === "string") chunks.push(Buffer.from(chunk, encoding));
      else if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
    },
    text: () => Buffer.concat(chunks).toString("utf8"),
  };
};

/** Has the chunks of `write` and `end` collected, and the whole recorded when it ends. */
function tapWrites(stream, ended) {
  const { write, end } = stream;
  const sent = collector();
  stream.write = (chunk, encoding, ...rest) => {
    sent.add(chunk, typeof encoding === "string" ? encoding : undefined);
    return write.call(stream, chunk, encoding, ...rest);
  };
  stream.end = (chunk, encoding, ...rest) => {
    sent.add(chunk, typeof encoding === "string" ? encoding : undefined);
    ended(sent.text());
    return end.call(stream, chunk, encoding, ...rest);
  };
}

if (file !== undefined) {
  subscribe("http.client.request.created", ({ request }) => {
    tapWrites(request, (body) =>
      record(
        `${request.method} ${request.protocol}//${request.getHeader("host")}${request.path}`,
        request.getHeaders(),
        body,
      ),
    );
  });

  const bodies = new WeakMap();
  subscribe("undici:request:create", ({ request }) => bodies.set(request, collector()));
  subscribe("undici:request:bodyChunkSent", ({ request, chunk }) => bodies.get(request)?.add(chunk));
  subscribe("undici:request:bodySent", ({ request }) =>
    record(`${request.method} ${request.origin}${request.path}`, request.headers, bodies.get(request)?.text() ?? ""),
  );

  const { connect, createServer } = http2;
  http2.connect = (authority, ...rest) => {
    const session = connect(authority, ...rest);
    const request = session.request.bind(session);
    session.request = (headers, ...options) => {
      const stream = request(headers, ...options);
      tapWrites(stream, (body) =>
        record(`${headers[":method"]} ${new URL(authority).origin}${headers[":path"]}`, headers, body),
      );
      return stream;
    };
    return session;
  };
  http2.createServer = (...args) => {
    const server = createServer(...args);
    server.on("stream", (stream, headers) => {
      const received = collector();
      const push = stream.push.bind(stream);
      let isWhole = false;
      stream.push = (chunk, ...rest) => {
        if (chunk === null && !isWhole) record(`received ${headers[":path"]}`, headers, received.text());
        isWhole ||= chunk === null;
        received.add(chunk);
        return push(chunk, ...rest);
      };
    });
    return server;
  };
  syncBuiltinESMExports();
}
