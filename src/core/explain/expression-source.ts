import type { ReadPath } from "../cel/cel-reads.ts";
import { compileText } from "../expressions/expression-language.ts";
import { hasTemplate } from "../expressions/template-text.ts";
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import { valueOrder } from "../render/layered-app.ts";
import type { AppAtSite } from "../render/app-at-site.ts";
import type { FactRead, FieldSetting } from "./field-setting.ts";

type Said = Omit<FactRead, "name">;
type Source = Pick<FieldSetting, "expression" | "reads">;

/** The expression in a text that was written, and where what it reads is said; neither where there is none. */
export function expressionSource(found: AppAtSite, written: Json | undefined): Source {
  if (typeof written !== "string" || !hasTemplate(written)) return { expression: null, reads: [] };
  const compiled = compileText("all", written);
  const paths = compiled.ok ? compiled.text.reads : [];
  const reads = paths.flatMap((path) => {
    const said = factAt(found, path);
    return said === undefined ? [] : [{ name: path.join("."), ...said }];
  });
  return { expression: written, reads };
}

/** Where a fact is said. Of some, such as what comes of the region, it is not told. */
function factAt(found: AppAtSite, [variable, ...path]: ReadPath): Said | undefined {
  const site = found.model.sites.get(found.site);
  if (variable === "values") return valueAt(found, path);
  if (variable !== "site" || site === undefined) return undefined;
  const [field, ...below] = path;
  const at =
    field === "labels" || field === "name"
      ? ["metadata", ...path]
      : ["spec", field ?? "", ...below];
  const value = valueIn(site.value as unknown as JsonObject, at); // parsed YAML
  return value === undefined ? undefined : { place: site.at(at), overridden: [] };
}

/** The last of profile, App, overlays and Site that has the value, and those that it won over: maps of theirs were merged. */
function valueAt(
  { model, app, site, shape }: AppAtSite,
  path: readonly string[],
): Said | undefined {
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
  const said = layers.flatMap(({ from, at }) => {
    const value = valueIn(from.value as unknown as JsonObject, [...at, ...path]); // as above
    return value === undefined ? [] : [{ value, place: from.at([...at, ...path]) }];
  });
  const [winner, ...others] = said.toReversed();
  if (winner === undefined) return undefined;
  const isMerged = (value: Json): boolean => isJsonObject(value) && isJsonObject(winner.value);
  return { place: winner.place, overridden: others.filter(({ value }) => !isMerged(value)) };
}

function valueIn(root: JsonObject, path: readonly (string | number)[]): Json | undefined {
  let value: Json | undefined = root;
  for (const step of path) {
    if (Array.isArray(value)) value = value[Number(step)] as Json | undefined; // isArray loses the type
    else if (isJsonObject(value) && Object.hasOwn(value, step)) value = value[String(step)];
    else return undefined;
  }
  return value;
}
