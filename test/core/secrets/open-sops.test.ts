/** Files made by the real sops (files/make.sh), opened; and what becomes of them when anything in them is changed. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { dataKeysFrom } from "../../../src/adapters/age/data-keys.ts";
import { FleetError } from "../../../src/core/errors.ts";
import type { JsonObject } from "../../../src/core/model/json.ts";
import { readYaml } from "../../../src/core/render/read-yaml.ts";
import { openSopsFile, readSopsFile } from "../../../src/core/secrets/open-sops.ts";

const path = (name: string): string => new URL(`files/${name}`, import.meta.url).pathname;
const textOf = (name: string): string => readFileSync(path(name), "utf8");
const keys = dataKeysFrom(path("age-key.txt"));

async function open(text: string): Promise<JsonObject> {
  const file = readSopsFile(text);
  return openSopsFile(file, await keys.find(file.facts.recipients));
}

async function refusal(text: string): Promise<string> {
  try {
    await open(text);
    return "opened";
  } catch (error) {
    if (error instanceof FleetError && error.code === "SECRET_SEALED") return error.message;
    throw error;
  }
}

const secretWords = /hunter|aHVudGVyLTI=|several|Zürich|postgres/;

describe("a file that sops sealed", () => {
  it.each(["sealed.yaml", "sealed.json", "two-recipients.yaml", "mac-only-encrypted.yaml"])(
    "%s opens to what was sealed",
    async (name) => {
      const [plain] = readYaml({ path: "plain.yaml", text: textOf("plain.yaml") }).documents;
      const text = textOf(name);
      expect(text).not.toMatch(secretWords);
      expect(await open(text)).toEqual(plain?.value);
    },
  );

  it("opens with values that are no text, in and out of what is encrypted", async () => {
    expect(await open(textOf("sealed-scalars.yaml"))).toMatchObject({
      immutable: true,
      more: { octal: 420, modern: 15, hex: 31, float: 1.5, small: 1e-7, large: 1e21, none: null },
      stringData: { user: "till", count: 5, flag: true, ratio: 2.5 },
    });
  });

  const sealed = textOf("sealed.yaml");
  const valueOf = (key: string): string =>
    new RegExp(`    ${key}: (ENC.*)`).exec(sealed)?.[1] ?? "";
  const changes: Readonly<Record<string, string>> = {
    "another name": sealed.replace("name: till-db", "name: till-dc"),
    "another label": sealed.replace('team: "42"', 'team: "43"'),
    "a label less": sealed.replace(/ +team.*\n/, ""),
    "another type": sealed.replace("type: Opaque", "type: opaque"),
    "a word for a text": sealed.replace("immutable: false", 'immutable: "false"'),
    "a value at another key": sealed.replace("    user: ENC", "    users: ENC"),
    "two values exchanged": sealed
      .replace(valueOf("user"), "@")
      .replace(valueOf("number"), valueOf("user"))
      .replace("@", valueOf("number")),
    "a value less": sealed.replace(/ +user: ENC.*\n/, ""),
    "another value in the clear": sealed.replace(valueOf("user"), "tills"),
    "two keys in another order": sealed.replace(/( +user: .*\n)( +"1": .*\n)/, "$2$1"),
    "another time of the MAC": sealed.replace(/lastmodified: "20../, 'lastmodified: "203'),
    "the MAC of another file": sealed.replace(
      /mac: ENC.*/,
      /mac: ENC.*/.exec(textOf("two-recipients.yaml"))?.[0] ?? "",
    ),
    "a MAC over less": sealed.replace(
      "encrypted_regex",
      "mac_only_encrypted: true\n    encrypted_regex",
    ),
    "no MAC": sealed.replace(/ +mac: ENC.*\n/, ""),
    "a shortened tag": sealed.replace(/tag:[^,]+,type:str\]/, "tag:6ywubV0=,type:str]"),
    "no recipient": sealed.replace(/age:\n[\s\S]*?lastmodified/, "age: []\n    lastmodified"),
    "an alias": sealed.replace("type: Opaque", "type: &a Opaque\nmore: *a"),
    "no YAML": `${sealed}\n]`,
  };
  it.each(Object.entries(changes))(
    "is refused with %s, and no value is told",
    async (_, changed) => {
      expect(changed).not.toBe(sealed);
      const message = await refusal(changed);
      expect(message).toMatch(/^the SOPS file /);
      expect(message).not.toMatch(secretWords);
    },
  );

  it("is the same with other comments and spaces between its lines", async () => {
    const changed = sealed.replace(/^# .*/, "# Somebody else.").replace("type:", "\n\ntype:");
    expect(await open(changed)).toEqual(await open(sealed));
  });
});
