import type { ExpressionFacts } from "../expressions/expression-language.ts";
import { fillableJson } from "../expressions/fill-json.ts";
import type { JsonObject } from "../model/json.ts";
import { keptFor } from "../model/known-fleet.ts";
import { type FilledPart, FillablePart, type WrittenPart } from "./fillable-part.ts";
import { type LayeredApp, valueOrder } from "./layered-app.ts";
import type { FieldPath } from "./read-yaml.ts";
import type { SiteMistakes } from "./site-mistakes.ts";

/** The values of an App, of its profiles and of its overlays, with their expressions. */
export class ValueLayers {
  readonly #layered: LayeredApp;
  readonly #app: FillablePart<JsonObject>;
  readonly #overlays: readonly FillablePart<JsonObject>[];

  constructor(app: LayeredApp) {
    this.#layered = app;
    const written = writtenValues(app);
    this.#app = new FillablePart(written.app);
    this.#overlays = written.overlays.map((values) => new FillablePart(values));
  }

  get parts(): readonly FillablePart[] {
    return [this.#app, ...this.#overlays];
  }

  /** The layers below the site's own, weakest first; undefined, and told, where one cannot be filled in. */
  at(
    site: ExpressionFacts & { readonly name: string },
    indexes: readonly number[],
    mistakes: SiteMistakes,
  ): readonly FilledPart<JsonObject>[] | undefined {
    const parts = valueOrder(this.#layered, indexes).flatMap((index) =>
      index === null ? this.#app : (this.#overlays[index] ?? []),
    );
    const layers = parts.map((part) => part.at(site.name, site, mistakes));
    const sound = layers.filter((layer) => layer !== undefined);
    return sound.length < layers.length ? undefined : sound;
  }
}

const writtenValues = keptFor((app: LayeredApp) => {
  const { values = {}, overlays = [] } = app.value.spec;
  return {
    app: valuesPart(app, values, ["spec", "values"]),
    overlays: overlays.map((overlay, index) =>
      valuesPart(app, overlay.values ?? {}, ["spec", "overlays", index, "values"]),
    ),
  };
});

function valuesPart(
  app: LayeredApp,
  written: Readonly<Record<string, unknown>>,
  at: FieldPath,
): WrittenPart<JsonObject> {
  const json = written as JsonObject; // parsed YAML that the schema has checked
  return {
    json,
    fillable: fillableJson(json, "values"),
    textAt: (path, offset) => app.textAt([...at, ...path], offset),
  };
}
