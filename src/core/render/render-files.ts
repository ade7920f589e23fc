import { type Diagnostic, sortDiagnostics } from "../model/diagnostic.ts";
import type { FleetModel, SourceFile } from "../model/fleet-model.ts";
import { loadFleet } from "../model/load-fleet.ts";
import { renderFleet } from "./render-fleet.ts";
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

/** Loads and renders files. Rendering is tried only when there is a fleet to render. */
export function renderFiles(files: readonly SourceFile[]): RenderedFiles {
  const loaded = loadFleet(files);
  if (!loaded.ok) return loaded;
  const rendered = renderFleet(loaded.value);
  const diagnostics = sortDiagnostics([...loaded.diagnostics, ...rendered.diagnostics]);
  if (!rendered.ok) return { ok: false, diagnostics };
  return { ok: true, model: loaded.value, rendered: rendered.value, diagnostics };
}
