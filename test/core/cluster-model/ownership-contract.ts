/** What the model promises of field ownership, as requests and answers; each promise holds of a real API server too. */
import { describe, expect, it } from "vitest";
import { type Json, type JsonObject, isJsonObject } from "../../../src/core/model/json.ts";
import type { Answer, ClusterUnderTest } from "./cluster-under-test.ts";

const kinds = {
  ConfigMap: { apiVersion: "v1", collection: "/api/v1/namespaces/default/configmaps" },
  Deployment: {
    apiVersion: "apps/v1",
    collection: "/apis/apps/v1/namespaces/default/deployments",
  },
  Sample: {
    apiVersion: "fleet.test/v1",
    collection: "/apis/fleet.test/v1/namespaces/default/samples",
  },
} as const;
const applyType = "application/apply-patch+yaml";
const mergeType = "application/merge-patch+json";

interface ApplyOptions {
  readonly manager?: string;
  readonly force?: boolean;
}

/** A cluster as the cases use it: one object, by its kind and a name that no other case has. */
class Subject {
  readonly #cluster: ClusterUnderTest;
  readonly #head: JsonObject;
  readonly #path: string;
  readonly #name: string;

  constructor(cluster: ClusterUnderTest, kind: keyof typeof kinds, name: string) {
    this.#cluster = cluster;
    this.#name = name;
    const { collection, apiVersion } = kinds[kind];
    this.#path = `${collection}/${name}`;
    this.#head = { apiVersion, kind };
  }

  apply(content: JsonObject, options: ApplyOptions = {}, subresource = ""): Promise<Answer> {
    const { manager = "one", force = false } = options;
    return this.#cluster.request({
      method: "PATCH",
      path: `${this.#path}${subresource}?fieldManager=${manager}&force=${force}`,
      contentType: applyType,
      body: this.#object(content),
    });
  }

  create(content: JsonObject, manager = "one", options = ""): Promise<Answer> {
    const collection = this.#path.slice(0, this.#path.lastIndexOf("/"));
    const path = `${collection}?fieldManager=${manager}${options}`;
    return this.#cluster.request({ method: "POST", path, body: this.#object(content) });
  }

  patch(body: Json, manager = "one", contentType = mergeType): Promise<Answer> {
    const path = `${this.#path}?fieldManager=${manager}`;
    return this.#cluster.request({ method: "PATCH", path, contentType, body });
  }

  #object(content: JsonObject): JsonObject {
    const extra = isJsonObject(content["metadata"]) ? content["metadata"] : {};
    const metadata = { name: this.#name, namespace: "default", ...extra };
    return { ...this.#head, ...content, metadata };
  }
}

/** Each entry of managedFields as `<operation> <manager>[/subresource]` → its fields. */
function ownersOf({ body }: Answer): Record<string, unknown> {
  const { managedFields } = body["metadata"] as {
    managedFields?: readonly Record<string, string>[];
  };
  return Object.fromEntries(
    (managedFields ?? []).map((entry) => [
      `${entry["operation"]} ${entry["manager"]}${entry["subresource"] ? `/${entry["subresource"]}` : ""}`,
      entry["fieldsV1"],
    ]),
  );
}

const versionOf = ({ body }: Answer): unknown =>
  (body["metadata"] as JsonObject)["resourceVersion"];
const messageOf = ({ body }: Answer): unknown => body["message"];
const deployment = (container: JsonObject, spec: JsonObject = {}): JsonObject => ({
  spec: {
    ...spec,
    selector: { matchLabels: { app: "x" } },
    template: {
      metadata: { labels: { app: "x" } },
      spec: { containers: [{ name: "web", image: "x:1", ...container }] },
    },
  },
});

/** Declares the suite for a cluster. */
export function describeOwnership(cluster: () => ClusterUnderTest): void {
  let count = 0;
  const subject = (kind: keyof typeof kinds): Subject => {
    count += 1;
    return new Subject(cluster(), kind, `contract-${count}`);
  };

  describe("server-side apply", () => {
    it("creates an object whose applied fields the manager owns", async () => {
      const answer = await subject("ConfigMap").apply({ data: { a: "1" } });

      expect(answer.status).toBe(201);
      expect(ownersOf(answer)).toEqual({ "Apply one": { "f:data": { "f:a": {} } } });
    });

    it("removes what the manager alone applied and no longer does", async () => {
      const map = subject("ConfigMap");
      await map.apply({ data: { a: "1", b: "2", c: "3" } });
      await map.apply({ data: { b: "2" } }, { manager: "two" });

      const answer = await map.apply({ data: { c: "3" } });

      expect(answer.body["data"]).toEqual({ b: "2", c: "3" });
      expect(ownersOf(answer)).toEqual({
        "Apply one": { "f:data": { "f:c": {} } },
        "Apply two": { "f:data": { "f:b": {} } },
      });
    });

    it("leaves the object and its version alone when nothing changes", async () => {
      const map = subject("ConfigMap");
      const first = await map.apply({ data: { a: "1" } });

      const answer = await map.apply({ data: { a: "1" } });

      expect(answer.status).toBe(200);
      expect(versionOf(answer)).toBe(versionOf(first));
    });

    it("shares a field between managers that apply the same value", async () => {
      const map = subject("ConfigMap");
      const first = await map.apply({ data: { a: "1" } });
      const answer = await map.apply({ data: { a: "1" } }, { manager: "two" });

      expect(versionOf(answer)).not.toBe(versionOf(first));
      expect(Object.keys(ownersOf(answer)).toSorted()).toEqual(["Apply one", "Apply two"]);
    });

    it("refuses another value than an applier's, and takes the field by force", async () => {
      const web = subject("Deployment");
      await web.apply(deployment({ image: "x:1" }));

      const refused = await web.apply(deployment({ image: "x:2" }), { manager: "two" });
      const forced = await web.apply(deployment({ image: "x:2" }), { manager: "two", force: true });

      const field = '.spec.template.spec.containers[name="web"].image';
      expect(refused.status).toBe(409);
      expect(messageOf(refused)).toBe(
        `Apply failed with 1 conflict: conflict with "one": ${field}`,
      );
      expect((refused.body["details"] as JsonObject)["causes"]).toEqual([
        { reason: "FieldManagerConflict", message: 'conflict with "one"', field },
      ]);
      expect(forced.status).toBe(200);
      expect(JSON.stringify(ownersOf(forced)["Apply one"])).not.toContain("f:image");
      expect(JSON.stringify(ownersOf(forced)["Apply two"])).toContain("f:image");
    });

    it("names updaters with the version that they wrote", async () => {
      const map = subject("ConfigMap");
      await map.apply({ data: { a: "1" } });
      await map.patch({ data: { a: "2", b: "2" } }, "editor");

      const answer = await map.apply({ data: { a: "1", b: "1" } });

      expect(messageOf(answer)).toBe(
        'Apply failed with 2 conflicts: conflicts with "editor" using v1:\n- .data.a\n- .data.b',
      );
    });

    it("merges list items by their keys, defaults of keys included", async () => {
      const web = subject("Deployment");
      await web.apply(deployment({ ports: [{ containerPort: 80, protocol: "TCP" }] }));

      const answer = await web.apply(
        deployment({ ports: [{ containerPort: 80, name: "http" }, { containerPort: 81 }] }),
        { manager: "two" },
      );

      const { template } = answer.body["spec"] as { template: { spec: JsonObject } };
      expect((template.spec["containers"] as JsonObject[])[0]?.["ports"]).toEqual([
        { containerPort: 80, name: "http", protocol: "TCP" },
        { containerPort: 81, protocol: "TCP" },
      ]);
    });

    it("keeps an item that another manager owns a part of", async () => {
      const web = subject("Deployment");
      await web.apply(deployment({ env: [{ name: "A", value: "1" }] }));
      await web.apply(deployment({ env: [{ name: "A", value: "1" }] }), { manager: "two" });

      const answer = await web.apply(deployment({}));

      expect(JSON.stringify(answer.body["spec"])).toContain('"env":[{"name":"A","value":"1"}]');
    });

    it.each([
      [{ bogus: 1 }, "bogus: field not declared in schema"],
      [{ image: 5 }, "image: expected string, got &value.valueUnstructured{Value:5}"],
      [{ env: [{ name: "A" }, { name: "A" }] }, 'env: duplicate entries for key [name="A"]'],
      [{ securityContext: { runAsUser: "x" } }, "expected numeric (int or float), got string"],
      [{ tty: "yes" }, "tty: expected boolean, got &{yes}"],
    ] as const)("refuses %j", async (container, message) => {
      const answer = await subject("Deployment").apply(deployment(container));

      expect(answer.status).toBe(500);
      expect(messageOf(answer)).toContain("failed to create typed patch object");
      expect(messageOf(answer)).toContain(message);
    });

    it("refuses managedFields and another version than the endpoint's", async () => {
      const sent = await subject("ConfigMap").apply({ metadata: { managedFields: [] } });

      expect([sent.status, messageOf(sent)]).toEqual([400, "metadata.managedFields must be nil"]);
    });

    it("owns what was there before the first apply under its own name", async () => {
      const map = subject("ConfigMap");
      await map.create({ data: { a: "1" } });
      await map.patch({ metadata: { managedFields: [{}] } });

      const refused = await map.apply({ data: { a: "2" } });
      const answer = await map.apply({ data: { a: "1" } });

      expect(messageOf(refused)).toBe(
        'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.a',
      );
      expect(Object.keys(ownersOf(answer)).toSorted()).toEqual([
        "Apply one",
        "Update before-first-apply",
      ]);
    });

    it("takes over from kubectl's client-side apply without a conflict", async () => {
      const map = subject("ConfigMap");
      const key = "kubectl.kubernetes.io/last-applied-configuration";
      const last = JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", data: { a: "1" } });
      await map.create(
        { metadata: { annotations: { [key]: last } }, data: { a: "1", b: "1" } },
        "kubectl-client-side-apply",
      );

      const refused = await map.apply({ data: { a: "2", b: "2" } }, { manager: "kubectl" });
      const answer = await map.apply({ data: { a: "2" } }, { manager: "kubectl" });

      expect(messageOf(refused)).toBe(
        'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using v1: .data.b',
      );
      expect(answer.status).toBe(200);
      const { annotations } = answer.body["metadata"] as { annotations: Record<string, string> };
      expect(JSON.parse(annotations[key] ?? "")).toMatchObject({ data: { a: "2" } });
    });
  });

  describe("creating an object", () => {
    it("drops unknown fields, or refuses them where that is asked for", async () => {
      const content = deployment({ hostPort: 1, bogus: { a: 1 }, tty: true }, { nonsense: [] });

      const refused = await subject("Deployment").create(content, "one", "&fieldValidation=Strict");
      const answer = await subject("Deployment").create(content);

      expect(refused.status).toBe(400);
      expect(messageOf(refused)).toBe(
        'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.nonsense", unknown field "spec.template.spec.containers[0].hostPort", unknown field "spec.template.spec.containers[0].bogus"',
      );
      expect(answer.status).toBe(201);
      expect(JSON.stringify(answer.body)).not.toMatch(/bogus|hostPort|nonsense/);
    });

    const container = "Container.spec.template.spec.containers";
    it.each([
      [deployment({ env: 5 }), `number into Go struct field ${container}.env of type []v1.EnvVar`],
      [deployment({ image: 7 }), `number into Go struct field ${container}.image of type string`],
      [deployment({ tty: "x" }), `string into Go struct field ${container}.tty of type bool`],
      [
        deployment({}, { replicas: "1" }),
        "string into Go struct field DeploymentSpec.spec.replicas of type int32",
      ],
      [
        deployment({}, { strategy: [] }),
        "array into Go struct field DeploymentSpec.spec.strategy of type v1.DeploymentStrategy",
      ],
      [
        deployment({ resources: { limits: "x" } }),
        "string into Go struct field ResourceRequirements.spec.template.spec.containers.resources.limits of type v1.ResourceList",
      ],
    ] as const)("refuses values of a wrong kind (%#)", async (content, problem) => {
      const answer = await subject("Deployment").create(content);

      expect(answer.status).toBe(400);
      expect(messageOf(answer)).toBe(
        `Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal ${problem}`,
      );
    });
  });

  describe("updates", () => {
    it("give the writer what it changed, and take it from others", async () => {
      const map = subject("ConfigMap");
      await map.apply({ data: { a: "1", b: "1", c: "1" } });

      const answer = await map.patch({ data: { a: "2", c: null } }, "editor");

      expect(ownersOf(answer)).toEqual({
        "Apply one": { "f:data": { "f:b": {} } },
        "Update editor": { "f:data": { "f:a": {} } },
      });
    });

    it("give the creator all that is there, with defaults, but not what the server keeps", async () => {
      const answer = await subject("Deployment").create(deployment({}));

      const owned = JSON.stringify(ownersOf(answer)["Update one"]);
      expect(owned).toContain('"f:replicas":{}');
      expect(owned).toContain('"f:terminationMessagePath":{}');
      expect(owned).toContain('"f:resources":{}');
      expect(owned).not.toMatch(/f:(uid|name"?:\{\},"f:namespace|creationTimestamp|status)/);
    });

    it.each([[[]], [[{}]]] as const)(
      "take all ownership away with managedFields: %j",
      async (sent) => {
        const map = subject("ConfigMap");
        await map.apply({ data: { a: "1" } });

        const answer = await map.patch({ metadata: { managedFields: sent } }, "editor");

        expect(ownersOf(answer)).toEqual({});
      },
    );

    it("record writes of the status apart, and only of the status", async () => {
      const sample = subject("Sample");
      await sample.apply({ spec: { port: 80 }, status: { phase: "ignored" } });

      const answer = await sample.apply(
        { spec: { port: 81 }, status: { phase: "up" } },
        { manager: "two" },
        "/status",
      );

      expect(answer.body).toMatchObject({ spec: { port: 80 }, status: { phase: "up" } });
      expect(ownersOf(answer)).toEqual({
        "Apply one": { "f:spec": { "f:port": {} } },
        "Apply two/status": { "f:status": { "f:phase": {} } },
      });
    });
  });
}
