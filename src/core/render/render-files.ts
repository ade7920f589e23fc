import type { Diagnostic } from "../model/diagnostic.ts";
import type { FleetModel, SourceFile } from "../model/fleet-model.ts";
import { loadFleet } from "../model/load-fleet.ts";
import { renderLoaded } from "./render-fleet.ts";
import type { RenderedFleet } from "./rendered.ts";

/** A fleet's files, checked and rendered: or every mistake in them. */
export type RenderedFiles =
  | {
      readonly ok: true;
      readonly model: FleetModel;
      readonly rendered: RenderedFleet;
      readonly diagnostics: readonly Diagnostic[];
    }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** Loads and renders files. Where there are mistakes, what is sound is rendered too, to find the rest of them. */
export function renderFiles(files: readonly SourceFile[]): RenderedFiles {
  const loaded = loadFleet(files);
  const rendered = renderLoaded(loaded);
  const { diagnostics } = rendered;
  if (!loaded.ok || !rendered.ok) return { ok: false, diagnostics };
  return { ok: true, model: loaded.value, rendered: rendered.value, diagnostics };
}
