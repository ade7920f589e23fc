import { describe, expect, it } from "vitest";
import { FleetError } from "../../src/core/errors.ts";
import { createLogger, type Logger, type LogLevel } from "../../src/runtime/logger.ts";

function logged(
  write: (logger: Logger) => void,
  level: LogLevel = "debug",
): { text: string; lines: Record<string, unknown>[] } {
  let text = "";
  write(
    createLogger({ name: "controller", level, destination: { write: (line) => (text += line) } }),
  );
  const lines = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { text, lines };
}

describe("the logger", () => {
  it("writes one JSON line with time, level, name, message and fields", () => {
    const { lines } = logged((logger) =>
      logger.child({ region: "asia" }).warn("worker is silent", { missed: 3 }),
    );
    expect(lines).toEqual([
      {
        level: "warn",
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        name: "controller",
        region: "asia",
        missed: 3,
        message: "worker is silent",
      },
    ]);
  });

  it("writes nothing below its level", () => {
    expect(logged((logger) => logger.info("x"), "warn").text).toBe("");
    expect(logged((logger) => logger.error("x"), "silent").text).toBe("");
  });

  it.each<[string, Record<string, unknown>]>([
    ["the value of a secret key", { token: "hunter2hunter2hunter2" }],
    [
      "a header deep inside",
      { request: { headers: { Authorization: "Bearer hunter2hunter2hunter2" } } },
    ],
    ["the credentials of a URL", { url: "https://me:hunter2hunter2hunter2@example.com/x.git" }],
    ["a user name that is a token", { url: "https://hunter2hunter2hunter2@example.com/x.git" }],
    ["a bearer token in a text", { output: "sent Bearer hunter2hunter2hunter2 to it" }],
    ["basic credentials in a text", { output: "Authorization: Basic hunter2hunter2hunter2==" }],
    ["the key of a kubeconfig", { user: { "client-key-data": "hunter2hunter2hunter2" } }],
    ["a private key", { output: "-----BEGIN EC PRIVATE KEY-----\nhunter2hunter2hunter2\n" }],
    [
      "an error's message",
      { error: new Error("cannot fetch https://a:hunter2hunter2hunter2@b/c") },
    ],
    [
      "an error's cause",
      {
        error: new FleetError("GIT_FAILED", "x", {
          cause: new Error("token hunter2hunter2hunter2"),
        }),
      },
    ],
    [
      "what a library hangs on its errors",
      {
        error: Object.assign(new Error("x"), {
          request: { headers: { x: "hunter2hunter2hunter2" } },
        }),
      },
    ],
    ["a child's fields", {}],
  ])("never prints %s", (_name, fields) => {
    const { text } = logged((logger) => {
      logger.info("request", fields);
      logger.child({ password: "hunter2hunter2hunter2", ...fields }).error("request");
    });
    expect(text).not.toContain("hunter2");
    expect(text).toContain("request");
  });

  it("keeps the path of a token file, and tells an expected failure without a stack", () => {
    const error = new FleetError("GIT_AUTH", "the remote refused", { hint: "check the token" });
    const { lines } = logged((logger) => logger.error("cannot fetch", { tokenFile: "/t", error }));
    expect(lines[0]).toMatchObject({
      tokenFile: "/t",
      error: { code: "GIT_AUTH", message: "the remote refused", hint: "check the token" },
    });
    expect(lines[0]?.["error"]).not.toHaveProperty("stack");
  });

  it("leaves words of messages alone", () => {
    const text =
      "HTTP Basic credentials are missing, bearer authentication failed, mail ops@example.com";
    expect(logged((logger) => logger.info("x", { text })).lines[0]).toMatchObject({ text });
  });

  it("survives a value that contains itself", () => {
    const loop: Record<string, unknown> = {};
    loop["self"] = loop;
    expect(logged((logger) => logger.info("loop", { loop })).lines).toHaveLength(1);
  });
});
