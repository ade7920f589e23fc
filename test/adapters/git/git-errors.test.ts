import { expect, it } from "vitest";
import { gitFailure } from "../../../src/adapters/git/git-errors.ts";

it("a git failure tells no credentials of a URL, also where the password has an @", () => {
  const stderr = "fatal: cannot use 'https://ada:pw@ss-canary@example.com/fleet.git'";
  const { message } = gitFailure({ command: "fetch", code: 128, stderr });
  expect(message).toContain("https://example.com/fleet.git");
  expect(message).not.toContain("canary");
});
