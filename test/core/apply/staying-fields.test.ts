import { describe, expect, it } from "vitest";
import type { LeftToOthers } from "../../../src/core/apply/left-to-others.ts";
import type { FieldSet } from "../../../src/core/apply/owned-fields.ts";
import { removalOf, setOf, stayingFields } from "../../../src/core/apply/staying-fields.ts";
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
    const { metadata, ...patch } = removalOf(object, found, false);
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

    const whole = removalOf(object, found, true);
    expect(whole["spec"]).toEqual({ probe: null, containers: [spec.containers[0]] });
    expect(setOf(found)).toEqual(
      of({ "f:probe": { "f:http": { "f:path": {} } }, "f:containers": { [sidecar]: {} } }),
    );
  });
});
