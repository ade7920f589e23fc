import type { ReadPath } from "../cel/cel-reads.ts";
import { compileText } from "../expressions/expression-language.ts";
import { hasTemplate } from "../expressions/template-text.ts";
import type { Place } from "../model/fleet-model.ts";
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import { valueOrder } from "../render/layered-app.ts";
import type { AppAtSite } from "../render/app-at-site.ts";
import type { FieldSetting } from "./field-setting.ts";

type Source = Pick<FieldSetting, "expression" | "reads">;

/** The expression in a text that was written, and where what it reads is said; neither where there is none. */
export function expressionSource(found: AppAtSite, written: Json | undefined): Source {
  if (typeof written !== "string" || !hasTemplate(written)) return { expression: null, reads: [] };
  const compiled = compileText("all", written);
  const paths = compiled.ok ? compiled.text.reads : [];
  const reads = paths.flatMap((path) => {
    const place = placeOf(found, path);
    return place === undefined ? [] : [{ name: path.join("."), place }];
  });
  return { expression: written, reads };
}

/** Where a fact is said. Of some, such as what comes of the region, it is not told. */
function placeOf(found: AppAtSite, [variable, ...path]: ReadPath): Place | undefined {
  const site = found.model.sites.get(found.site);
  if (variable === "values") return valuesPlace(found, path);
  if (variable !== "site" || site === undefined) return undefined;
  const [field, ...below] = path;
  const at =
    field === "labels" || field === "name"
      ? ["metadata", ...path]
      : ["spec", field ?? "", ...below];
  return has(site.value as unknown as JsonObject, at) ? site.at(at) : undefined; // parsed YAML
}

/** The last of profile, App, overlays and Site that has the value. */
function valuesPlace(
  { model, app, site, shape }: AppAtSite,
  path: readonly string[],
): Place | undefined {
  const declared = model.sites.get(site);
  const layers = [
    ...valueOrder(
      app,
      shape.overlays.map(({ index }) => index),
    ).map((index) => ({
      from: app,
      at: index === null ? ["spec", "values"] : ["spec", "overlays", index, "values"],
    })),
    ...(declared === undefined ? [] : [{ from: declared, at: ["spec", "values"] }]),
  ];
  const found = layers.findLast(
    ({ from, at }) => has(from.value as unknown as JsonObject, [...at, ...path]), // as above
  );
  return found?.from.at([...found.at, ...path]);
}

function has(root: JsonObject, path: readonly (string | number)[]): boolean {
  let value: Json | undefined = root;
  for (const step of path) {
    if (Array.isArray(value)) value = value[Number(step)] as Json | undefined; // isArray loses the type
    else if (isJsonObject(value) && Object.hasOwn(value, step)) value = value[String(step)];
    else return false;
  }
  return value !== undefined;
}
