import { isAlias, isMap, isScalar, isSeq, type Document, type Node, type Scalar } from "yaml";
import type { Diagnostic } from "./diagnostic.ts";
import type { Json } from "./json.ts";
import { resolvePlainScalar } from "./resolve-plain-scalar.ts";
import { aliasBudget, maxDepth, tooDeepMessage } from "./yaml-limits.ts";
import { type FieldPath, keyText } from "./yaml-places.ts";
import { shortText } from "./short-text.ts";

/** A mistake with its offset in the file. */
export type NodeProblem = Pick<Diagnostic, "severity" | "code" | "message" | "hint"> & {
  readonly offset: number;
};

/** A plain scalar, or key, that Kubernetes' own tools (YAML 1.1) take for something else. */
export interface TwofoldScalar {
  readonly path: FieldPath;
  readonly isKey: boolean;
  /** As it is written. */
  readonly source: string;
  /** What it is to them. */
  readonly other: string | number | boolean | null;
}

/** A key or value with a tag of what JSON has not (`!!binary`): other readers take it for something else. */
export interface TaggedNode {
  readonly path: FieldPath;
  /** In full: `tag:yaml.org,2002:binary`. */
  readonly tag: string;
}

/** How often aliases may be followed in one document, those inside of others counted each time. */
const maxAliases = 100;

/** Plain data of a document, with what the YAML library lets pass but Flotilla does not. */
export function readYamlNode(document: Document): {
  readonly value: Json;
  readonly problems: readonly NodeProblem[];
  readonly twofold: readonly TwofoldScalar[];
  readonly tagged: readonly TaggedNode[];
} {
  const reader = new NodeReader();
  const value = reader.read(document.contents);
  return { value, problems: reader.problems, twofold: reader.twofold, tagged: reader.tagged };
}

/** Words for true and false, and numbers with leading zeros, underscores or a base. */
const mayBeTwofold = /^(y|n|yes|no|on|off|[-+]?(0[0-9_b]|[0-9][0-9._]*_).*)$/i;

/** Tags of what JSON has; others say that a text means something else (`!!binary`, `!!omap`). */
const tagOfJson = /^(!|tag:yaml\.org,2002:(str|int|float|bool|null|map|seq))$/;

class NodeReader {
  readonly problems: NodeProblem[] = [];
  /** Where a key or value has another tag. */
  readonly tagged: TaggedNode[] = [];
  readonly twofold: TwofoldScalar[] = [];
  readonly #path: (string | number)[] = [];
  readonly #open = new Set<Node>();
  /** The last one of each name so far, which is what an alias means. */
  readonly #anchors = new Map<string, Node>();
  /** What each alias means, also where it is read again inside of what another one means. */
  readonly #targets = new Map<Node, Node>();
  #aliases = 0;
  /** How many aliases are being followed, one inside of the other. */
  #following = 0;
  /** How many nodes were read behind aliases. */
  #expanded = 0;

  read(node: unknown): Json {
    if (isAlias(node)) return this.#readAlias(node);
    if (this.#following > 0) this.#expanded += 1;
    if (this.#expanded > aliasBudget) return null;
    this.#noteTag(node);
    if (isScalar(node)) {
      this.#noteAnchor(node);
      return this.#readScalar(node);
    }
    if (!isMap<Node>(node) && !isSeq(node)) return null;
    this.#noteAnchor(node);
    if (this.#open.has(node)) {
      this.#report(node, { code: "yaml-limit", message: "an anchor holds an alias to itself" });
      return null;
    }
    // Each alias in an anchor of an alias adds its own levels.
    if (this.#path.length >= maxDepth) {
      this.#report(node, {
        code: "yaml-limit",
        message: tooDeepMessage,
        hint: "nest less deeply",
      });
      return null;
    }
    this.#open.add(node);
    const value = isMap<Node>(node)
      ? this.#readMap(node.items)
      : node.items.map((item, index) => this.#readAt(index, item));
    this.#open.delete(node);
    return value;
  }

  #readAt(key: string | number, node: unknown): Json {
    this.#path.push(key);
    const value = this.read(node);
    this.#path.pop();
    return value;
  }

  #noteTag(node: unknown): void {
    const tag = isScalar(node) || isMap(node) || isSeq(node) ? node.tag : undefined;
    if (tag !== undefined && !tagOfJson.test(tag)) this.tagged.push({ path: [...this.#path], tag });
  }

  #noteAnchor(node: Node & { anchor?: string }): void {
    if (node.anchor !== undefined && this.#following === 0) this.#anchors.set(node.anchor, node);
  }

  #noteTwofold(scalar: Scalar, isKey: boolean): void {
    const { type, tag, source = "" } = scalar;
    // A tag that is written says what it is.
    if (type !== "PLAIN" || tag !== undefined || !mayBeTwofold.test(source)) return;
    const read = resolvePlainScalar(source);
    // A key is a text to both of them.
    const own = isKey ? source : scalar.value;
    if (!read.ok || (isKey ? String(read.value) : read.value) === own) return;
    this.twofold.push({ path: [...this.#path], isKey, source, other: read.value });
  }

  #readMap(items: readonly { readonly key: Node; readonly value: unknown }[]): Json {
    const entries = new Map<string, Json>();
    for (const { key, value } of items) {
      const name = keyText(key);
      if (name === undefined) {
        this.#report(key, { code: "yaml-syntax", message: "a key must be a plain text" });
        continue;
      }
      if (entries.has(name)) {
        this.#report(key, {
          code: "yaml-syntax",
          message: `the key "${shortText(name)}" stands here a second time`,
          hint: "remove one of the two",
        });
      }
      this.#path.push(name);
      if (isScalar(key)) {
        this.#noteAnchor(key);
        this.#noteTag(key);
        this.#noteTwofold(key, true);
      }
      entries.set(name, this.read(value));
      this.#path.pop();
    }
    return Object.fromEntries(entries); // defines "__proto__" as a field like any other
  }

  #readAlias(alias: Node): Json {
    this.#aliases += 1;
    const known = isAlias(alias) ? this.#anchors.get(alias.source) : undefined;
    const target = this.#targets.get(alias) ?? known;
    if (target === undefined) {
      this.#report(alias, { code: "yaml-syntax", message: "the alias refers to no anchor" });
      return null;
    }
    this.#targets.set(alias, target);
    if (this.#aliases <= maxAliases) return this.#follow(alias, target);
    if (this.#aliases === maxAliases + 1) {
      this.#reportAliases(alias, `more than ${maxAliases} aliases are followed`);
    }
    return null;
  }

  #follow(alias: Node, target: Node): Json {
    if (this.#expanded > aliasBudget) return null;
    this.#following += 1;
    const value = this.read(target);
    this.#following -= 1;
    if (this.#expanded > aliasBudget && this.#following === 0) {
      this.#reportAliases(alias, `aliases stand for more than ${aliasBudget} values`);
    }
    return value;
  }

  #reportAliases(alias: Node, message: string): void {
    this.#report(alias, { code: "yaml-limit", message, hint: "write the values out" });
  }

  #readScalar(scalar: Scalar): Json {
    const { value } = scalar;
    this.#noteTwofold(scalar, false);
    if (typeof value === "string" || typeof value === "boolean") return value;
    if (typeof value !== "number") return null;
    const isExact = Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value);
    if (!isExact) {
      const message = "the number cannot be kept exactly";
      this.#report(scalar, { code: "invalid-value", message, hint: "write it in quotes" });
    }
    return isExact ? value : null;
  }

  #report(node: Node, problem: Pick<NodeProblem, "code" | "message" | "hint">): void {
    this.problems.push({ ...problem, severity: "error", offset: node.range?.[0] ?? 0 });
  }
}
