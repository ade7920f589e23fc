import { describe, expect, it } from "vitest";
import type { LeftToOthers } from "../../../src/core/apply/left-to-others.ts";
import type { FieldSet } from "../../../src/core/apply/owned-fields.ts";
import {
  notAmong,
  removalOf,
  setOf,
  stayingFields,
} from "../../../src/core/apply/staying-fields.ts";
import type { Json, JsonObject } from "../../../src/core/model/json.ts";
import type { KubeObject } from "../../../src/core/model/kube-object.ts";

const spec = {
  replicas: 3,
  probe: { http: { path: "/", scheme: "HTTP" }, period: 10 },
  containers: [
    { name: "main", image: "web:1" },
    { name: "sidecar", image: "sidecar:1", pull: "Always" },
  ],
};

const of = (fields: JsonObject): FieldSet => ({ "f:spec": fields });
const sidecar = 'k:{"name":"sidecar"}';
const item = { ".": {}, "f:name": {}, "f:image": {} };
const all = {
  "f:replicas": {},
  "f:probe": { "f:http": { "f:path": {} } },
  "f:containers": { [sidecar]: item },
};

const entry = (manager: string, fields: JsonObject, more: JsonObject = {}): JsonObject => ({
  manager,
  operation: "Update",
  apiVersion: "apps/v1",
  fieldsV1: of(fields),
  ...more,
});
const kept = { "f:containers": { 'k:{"name":"main"}': item } };

function live(...entries: readonly JsonObject[]): KubeObject {
  const own = entry("flotilla/web", kept, { operation: "Apply" });
  const metadata = { name: "web", managedFields: [own, ...entries] };
  return { apiVersion: "apps/v1", kind: "Deployment", metadata, spec };
}

const before = of({ ...all, "f:containers": { ...all["f:containers"], ...kept["f:containers"] } });
const known = { app: "web", left: null };
const told = (object: KubeObject, left: LeftToOthers | null = null) =>
  stayingFields(object, { app: "web", before, left }).map(
    ({ field, managers, isRemovable }) =>
      `${field} ${managers.join("+")}${isRemovable ? " goes" : ""}`,
  );

describe("what an app has dropped and stands all the same", () => {
  it("is each field that others have too, an item of a list as one, and nobody's default is none", () => {
    const pulled = { ...item, "f:pull": {} };
    const theirs = { "f:replicas": {}, "f:containers": { [sidecar]: pulled } };
    expect(told(live())).toEqual([]);
    expect(told(live(entry("argo", theirs)))).toEqual([
      ".spec.replicas argo",
      '.spec.containers[name="sidecar"] argo',
    ]);
    expect(told(live(entry("kubectl-create", theirs)))).toEqual([
      ".spec.replicas kubectl-create goes",
      '.spec.containers[name="sidecar"] kubectl-create goes',
    ]);
  });

  it("goes only where all who have it are kubectl's, of this version and of the object itself", () => {
    const replicas = { "f:replicas": {} };
    const rivals: [JsonObject[], string[]][] = [
      [[entry("before-first-apply", replicas)], [".spec.replicas before-first-apply goes"]],
      [[entry("kubectl", replicas, { operation: "Apply" })], [".spec.replicas kubectl goes"]],
      [
        [entry("kubectl-set", replicas), entry("argo", replicas)],
        [".spec.replicas argo+kubectl-set"],
      ],
      [[entry("kubectl", replicas, { subresource: "scale" })], [".spec.replicas kubectl"]],
      [[entry("kubectl", replicas, { apiVersion: "apps/v1beta1" })], [".spec.replicas kubectl"]],
      [[entry("kubectlish", replicas)], [".spec.replicas kubectlish"]],
      // Told of nobody, and left where it is.
      [[entry("kube-controller-manager", replicas, { subresource: "scale" })], [".spec.replicas "]],
      [[entry("status-writer", replicas, { subresource: "status" })], []],
    ];
    for (const [entries, expected] of rivals) expect(told(live(...entries))).toEqual(expected);
  });

  it("is not what is left to others", () => {
    const object = live(entry("kubectl-edit", { "f:replicas": {} }));
    const managers = new Set<string>();
    expect(told(object, { fields: [".spec.replicas"], managers })).toEqual([]);
    expect(told(object, { fields: [], managers: new Set(["kubectl-edit"]) })).toEqual([
      ".spec.replicas ",
    ]);
  });

  it("is nothing of what others have put into a map that was empty in Git", () => {
    const theirs = { "f:probe": { "f:period": {} } };
    const empty = of({ "f:probe": {} });
    for (const manager of ["kubectl-edit", "argo"])
      expect(stayingFields(live(entry(manager, theirs)), { ...known, before: empty })).toEqual([]);
    // Both have it as a whole.
    const same = live(entry("kubectl-create", { "f:probe": {} }));
    expect(stayingFields(same, { ...known, before: empty })).toMatchObject([
      { field: ".spec.probe", isRemovable: true },
    ]);
  });

  it("is also what was in a map that is empty in Git now", () => {
    const full = { "f:probe": { "f:period": {} } };
    const own = entry("flotilla/web", { "f:probe": {} }, { operation: "Apply" });
    const managedFields = [own, entry("kubectl-create", full)];
    const object = { ...live(), metadata: { name: "web", managedFields } };
    expect(stayingFields(object, { ...known, before: of(full) })).toMatchObject([
      { field: ".spec.probe.period", isRemovable: true },
    ]);
  });

  it("is nothing that the apply has left to the app, whoever takes that later", () => {
    const fields = of({ "f:replicas": {}, "f:probe": { "f:period": {}, "f:http": {} } });
    const applied = of({ "f:replicas": {}, "f:probe": { "f:period": {} } });
    expect(notAmong(fields, applied)).toEqual(of({ "f:probe": { "f:http": {} } }));
    expect(notAmong(fields, of({ "f:replicas": {}, "f:probe": {} }))).toEqual(
      of({ "f:probe": { "f:period": {}, "f:http": {} } }),
    );
    expect(notAmong(of({ "f:probe": {} }), fields)).toEqual({});
  });

  it("goes as a whole only where that is refused, and nobody but kubectl has anything in it", () => {
    const path = { "f:probe": { "f:http": { "f:path": {} } } };
    const created = entry("kubectl-create", {
      "f:probe": { "f:period": {}, "f:http": { "f:path": {}, "f:scheme": {} } },
    });
    const removal = (object: KubeObject, refused: string[], left: LeftToOthers | null = null) => {
      const found = stayingFields(object, { app: "web", before: of(path), left });
      return removalOf(object, found, refused)["spec"];
    };
    const part = { probe: { http: { path: null } } };
    const managers = new Set<string>();
    expect(removal(live(created), ["spec.probe.http"])).toEqual({ probe: null });
    expect(removal(live(created), [])).toEqual(part);
    expect(removal(live(created), ["spec.replicas", "spec"])).toEqual(part);
    const tuned = entry("tuner", { "f:probe": { "f:period": {} } });
    expect(removal(live(created, tuned), ["spec.probe"])).toEqual(part);
    const left = { fields: [".spec.probe.period"], managers };
    expect(removal(live(created), ["spec.probe"], left)).toEqual(part);
  });

  it("is taken out of the object and from its managers, and nothing else is", () => {
    const others = { "f:period": {}, "f:http": { "f:path": {}, "f:scheme": {} } };
    const object = live(
      entry("kubectl-create", {
        "f:probe": others,
        "f:containers": { ".": {}, [sidecar]: { ...item, "f:pull": {} } },
      }),
      entry("kubectl-set", { "f:containers": { [sidecar]: { "f:image": {} } } }),
    );
    const found = stayingFields(object, { app: "web", before, left: null });
    const { metadata, ...patch } = removalOf(object, found);
    expect(patch).toEqual({
      spec: { probe: { http: { path: null } }, containers: [spec.containers[0]] },
    });
    const [own, ...entries] = (metadata as { managedFields: Json[] }).managedFields;
    expect(own).toEqual(entry("flotilla/web", kept, { operation: "Apply" }));
    expect(entries).toEqual([
      entry("kubectl-create", {
        "f:probe": { "f:period": {}, "f:http": { "f:scheme": {} } },
        "f:containers": { ".": {} },
      }),
    ]);

    expect(setOf(found)).toEqual(
      of({ "f:probe": { "f:http": { "f:path": {} } }, "f:containers": { [sidecar]: {} } }),
    );
  });

  it("stays where a list would be sent again with a number in it that lost digits when it was read", () => {
    const large = JSON.parse("9007199254740993") as number;
    const [main, other] = spec.containers;
    const kubectl = { "f:replicas": {}, "f:containers": { [sidecar]: item } };
    const object = (containers: Json): KubeObject => ({
      ...live(entry("kubectl-create", kubectl)),
      spec: { ...spec, containers },
    });
    const stays = '.spec.containers[name="sidecar"] kubectl-create';
    const goes = ".spec.replicas kubectl-create goes";

    expect(told(object([{ ...main, user: large }, other ?? {}]))).toEqual([goes, stays]);
    // It goes with the item itself, or is nowhere in what is sent.
    expect(told(object([main ?? {}, { ...other, user: large }]))).toEqual([goes, `${stays} goes`]);
    expect(told(object([{ ...main, user: 2 ** 53 - 1 }, other ?? {}]))).toEqual([
      goes,
      `${stays} goes`,
    ]);
  });

  it("takes out what has a name that all objects of JavaScript have, too", () => {
    const fields = { "f:data": { "f:constructor": {} } };
    const writer = { manager: "kubectl-edit", operation: "Update", apiVersion: "v1" };
    const known = { app: "web", before: fields, left: null };
    const object: KubeObject = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "a", managedFields: [{ ...writer, fieldsV1: fields }] },
      data: { constructor: "x", k: "1" },
    };

    expect(removalOf(object, stayingFields(object, known))).toEqual({
      data: { constructor: null },
      metadata: { managedFields: [] },
    });
    expect(stayingFields({ ...object, data: { k: "1" } }, known)).toEqual([]);
  });
});
