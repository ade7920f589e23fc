/** What patches are for, in words, and the object that one which matches none was most likely for. */
import { KnownNames } from "../model/closest-name.ts";
import { type JsonObject, isJsonObject } from "../model/json.ts";
import { groupOf } from "../model/kube-object.ts";
import type { Patch } from "../model/kinds.ts";
import { shortText } from "../model/short-text.ts";
import type { SourceObject } from "./parse-manifests.ts";

const fields = ["kind", "namespace", "name", "group"] as const;

/** The fields by which a patch names its objects, as far as it does. */
type Target = Readonly<Partial<Record<(typeof fields)[number], string | undefined>>>;

/** The objects of an app, looked for by what patches say of them. */
export class KnownTargets {
  readonly #objects: readonly (readonly SourceObject[])[];
  /** By the fields that are said. */
  readonly #known = new Map<string, KnownNames>();

  constructor(objects: readonly (readonly SourceObject[])[]) {
    this.#objects = objects;
  }

  /** What a patch is for, and the nearest that there is (undefined: none is near). */
  describe(patch: Patch): { readonly meant: string; readonly near: string | undefined } {
    const target = targetOf(patch);
    const meant = words(target);
    const near = this.#namesLike(target).closest(meant);
    return { meant: shortText(meant), near: near === meant ? undefined : near };
  }

  #namesLike(target: Target): KnownNames {
    const said = fields.filter((field) => target[field] !== undefined);
    const id = said.join(" ");
    const names =
      this.#known.get(id) ??
      new KnownNames(
        this.#objects
          .flat()
          .map(({ key }) => words(Object.fromEntries(said.map((field) => [field, key[field]])))),
      );
    this.#known.set(id, names);
    return names;
  }
}

function targetOf({ target, merge }: Patch): Target {
  if (target !== undefined) return target;
  const { apiVersion, kind, metadata } = (merge ?? {}) as JsonObject; // loadFleet has checked it
  const { namespace, name } = isJsonObject(metadata) ? metadata : {};
  const group = textOf(apiVersion);
  return {
    kind: textOf(kind),
    namespace: textOf(namespace),
    name: textOf(name),
    group: group === undefined ? undefined : groupOf(group),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** `Deployment shop/web of apps`. */
function words({ kind = "object", namespace, name, group }: Target): string {
  const called = [namespace, name].filter((part) => part !== undefined && part !== "").join("/");
  return `${kind}${called === "" ? "" : ` ${called}`}${group ? ` of ${group}` : ""}`;
}
