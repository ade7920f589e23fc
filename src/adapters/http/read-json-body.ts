import type { IncomingMessage } from "node:http";
import { HttpRefusal } from "./answer-error.ts";

/** Reads a bounded JSON body; undefined when there is none. Refuses with 413, 415 or 400. */
export async function readJsonBody(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > maxBytes) throw tooLarge(maxBytes);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  if (size === 0) return undefined;
  const type = request.headers["content-type"] ?? "";
  if (!/^application\/(\w+\+)?json\b/i.test(type)) {
    throw new HttpRefusal(415, "the body must be JSON", {
      hint: "send content-type: application/json",
    });
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8")) as unknown;
  } catch (cause) {
    throw new HttpRefusal(400, "the body is not valid JSON", { cause });
  }
}

function tooLarge(maxBytes: number): HttpRefusal {
  return new HttpRefusal(413, `the body is larger than ${maxBytes} bytes`);
}
