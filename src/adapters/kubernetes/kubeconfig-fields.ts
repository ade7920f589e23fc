/** Fields of a kubeconfig that the library does not know, or drops without a word. */
import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import { type Json, type JsonObject, isJsonObject } from "../../core/model/json.ts";

/** What the current context names, as it is written; empty where there is no such thing. */
export interface NamedByContext {
  readonly cluster: JsonObject;
  readonly user: JsonObject;
}

/** Reads the text of a kubeconfig, or of anything else. */
export function namedByContext(text: string): NamedByContext {
  const config = objectOf(parsed(text));
  const context = named(config["contexts"], config["current-context"], "context");
  return {
    cluster: named(config["clusters"], context["cluster"], "cluster"),
    user: named(config["users"], context["user"], "user"),
  };
}

/** The files that the current context names: they are as much a part of it. `path` is where the text was read. */
export function namedFiles({ cluster, user }: NamedByContext, path: string): readonly string[] {
  const fields = [
    cluster["certificate-authority"],
    user["client-certificate"],
    user["client-key"],
    user["tokenFile"],
  ];
  return fields.flatMap((file) =>
    typeof file === "string" && file !== "" ? [absoluteFile(file, path)] : [],
  );
}

/** A file named in a kubeconfig is beside it, if nothing else is said. */
export function absoluteFile(file: string, path: string): string {
  return resolve(dirname(path), file);
}

function parsed(text: string): Json | undefined {
  try {
    return parse(text) as Json; // what YAML of this kind gives is Json
  } catch {
    return undefined; // told by who reads all of it
  }
}

function named(list: Json | undefined, name: Json | undefined, field: string): JsonObject {
  if (!Array.isArray(list)) return {};
  const entry = list.filter(isJsonObject).find((one: JsonObject) => one["name"] === name);
  return objectOf(entry?.[field]);
}

function objectOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
