/**
 * A user's mistake, as data: collected all at once, never thrown. `line` and `column` are 1-based; 0 when the
 * mistake belongs to no line (a whole file, or the repository).
 */
export interface Diagnostic {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly severity: "error" | "warning";
  readonly code: DiagnosticCode;
  /** Lower case, no full stop: what is wrong. */
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
}

/** Every code a diagnostic can have; docs/reference/diagnostics.md explains each (a test compares the two). */
export const diagnosticCodes = {
  "unreadable-file": "a YAML or JSON file cannot be read: a symbolic link, not UTF-8, too large",
  "yaml-syntax": "the file is not valid YAML",
  "yaml-limit": "the file is too large, too deep or has too many aliases",
  "not-an-object": "a YAML document is not a mapping",
  "unknown-api-version": "the apiVersion is not one that Flotilla reads",
  "unknown-kind": "the kind is none of Flotilla's",
  "wrong-extension": "one of Flotilla's kinds stands in a file that is not .yaml or .yml",
  "unknown-field": "the field does not exist (or is planned and not carried out yet)",
  "missing-field": "a required field is absent",
  "invalid-value": "a value has the wrong type or form",
  "invalid-name": "a name is not an RFC 1123 label or contains `--`",
  "duplicate-name": "two objects of one kind have the same name",
  "dangling-reference": "a name refers to nothing",
  "dependency-cycle": "apps depend on each other, or profiles extend each other, in a circle",
  "long-profile-chain": "a profile extends too many others, one behind the other",
  "bad-selector": "a selector cannot be parsed",
  "too-many-comparisons": "selectors are compared with too many kinds of sites",
  "unknown-label": "a label key or value is not in the Fleet's vocabulary",
  "matches-nothing": "a selector matches no site",
  "matches-by-absence": "sites match a selector only because they lack its key",
  "no-effect":
    "an overlay changes nothing at any site, nothing names a window or a profile, nothing reads a value",
  expression: "`${ }` stands in a field or key in which no expression is read",
  "expression-failed": "an expression gives no value at a site, or one that has no place there",
  "bad-cel": "a CEL expression cannot be read, names what does not exist, or says no true or false",
  "no-fleet": "the repository holds no Fleet, or more than one",
  "empty-app": "an app renders to zero objects",
  "missing-source": "a source path does not exist or leaves the repository",
  "unsafe-source":
    "a kustomization or chart runs programs, leaves the repository, or cannot be looked into",
  "remote-reference": "a kustomization or chart refers to the network",
  "unpinned-tool": "the Fleet does not say which version of a tool is to be used",
  "tool-refused": "kustomize or Helm cannot render its source",
  unrepeatable: "a source renders to something else each time",
  "helm-hook": "a chart has a hook, which nothing would run",
  "vendor-changed": "what is in `vendor/` is not what `flotilla vendor` brought",
  "invalid-object": "a manifest is not a Kubernetes object",
  "refused-object": "an object of a kind of Kubernetes' own that an API server would refuse",
  "unknown-scope": "it is not known whether a kind is namespaced",
  "wrong-namespace": "a namespace where none belongs, none where one must be, or Flotilla's own",
  "duplicate-object": "an app renders the same object twice",
  "shared-object": "two apps of one site render the same object",
  "own-account": "an app delivers the service account that it is written as, or rights of it",
  "secret-data": "a Secret with data would be stored in plain text",
  "sealed-secret": "a Secret is sealed with SOPS in a way that no worker can open",
  "region-secret": "a Secret of the region is named, or changed, in a way that cannot be",
  "unserved-api":
    "the Kubernetes of a site does not serve the API version of an object, or soon will not",
  "kubernetes-version": "an app is placed at a site whose Kubernetes it does not run on",
  "patch-no-target": "a patch matches no object",
  "patch-failed": "a patch cannot be applied to its target",
  "patch-other-item": "a patch meets an item of a list that is told apart by more than its key",
  "too-many-steps": "overlays change one object by too many steps",
  "too-large": "an object is too large for a cluster to store",
} as const;

/** A code of `diagnosticCodes`. */
export type DiagnosticCode = keyof typeof diagnosticCodes;

/** The outcome of reading something a user wrote: a value with warnings, or errors (and warnings). */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T; readonly diagnostics: readonly Diagnostic[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** `file:line:column: error: message; hint`, as compilers print it. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { file, line, column, severity, message, hint } = diagnostic;
  const place = line > 0 ? `${file}:${line}:${column}` : file;
  return `${place}: ${severity}: ${message}${hint === undefined ? "" : `; ${hint}`}`;
}

/** Orders diagnostics by file, line, column and code, so that the same input gives the same output. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return diagnostics.toSorted(
    (a, b) =>
      compareText(a.file, b.file) ||
      a.line - b.line ||
      a.column - b.column ||
      compareText(a.code, b.code) ||
      compareText(a.message, b.message),
  );
}

export function isError({ severity }: Diagnostic): boolean {
  return severity === "error";
}

/** Sorted, and each told once: two checks may find the same mistake at the same place. */
export function distinctDiagnostics(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const seen = new Set<string>();
  return sortDiagnostics(diagnostics).filter(({ file, line, column, code, message }) => {
    const key = JSON.stringify([file, line, column, code, message]);
    return !seen.has(key) && seen.add(key);
  });
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
