import { describe, expect, it } from "vitest";
import { documentYaml } from "../../support/fleet.ts";
import { bareTool, inNamespace, mistakesOf, toolFleet, webAt } from "../../support/render-tools.ts";
import { chart, filesOf, kustomization } from "../../support/tool-sources.ts";

const clusterKinds = ["ClusterRole", "CustomResourceDefinition"];

describe("a kustomization", { timeout: 60_000 }, () => {
  it("renders to what kubectl kustomize gives, object for object", async () => {
    const bare = await bareTool(filesOf(kustomization), "kubectl", [
      "kustomize",
      "kustomize/overlays/shop",
    ]);
    const fleet = toolFleet({ kustomize: "kustomize/overlays/shop" }, kustomization);
    const found = await webAt(fleet);
    expect(found).toEqual(inNamespace(bare, "web", clusterKinds));
    expect([...found.keys()]).toEqual([
      "_ConfigMap_web_shop-settings-9bffd2btm6",
      "_Service_web_shop-web",
      "apps_Deployment_web_shop-web",
      "rbac.authorization.k8s.io_ClusterRole__shop-reader",
    ]);
  });

  it("has labels and annotations by names that name files elsewhere", async () => {
    const files = {
      "k/kustomization.yaml": `configMapGenerator:
  - name: settings
    literals: [a=b]
    options: { labels: { env: prod, path: here }, annotations: { files: none } }
transformers: [annotate.yaml]
`,
      "k/annotate.yaml": `apiVersion: builtin
kind: AnnotationsTransformer
metadata: { name: marks, labels: { env: prod } }
annotations: { ENV: prod }
fieldSpecs: [{ path: metadata/annotations, create: true }]
`,
    };
    const bare = await bareTool(filesOf(files), "kubectl", ["kustomize", "k"]);
    const found = await webAt(toolFleet({ kustomize: "k" }, files));
    expect(found).toEqual(inNamespace(bare, "web", clusterKinds));
    expect(JSON.stringify([...found.values()])).toContain('"ENV":"prod"');
  });

  it("tells the mistakes of its objects at the file that each comes from", async () => {
    const files = toolFleet(
      { kustomize: "kustomize/overlays/shop" },
      {
        ...kustomization,
        "kustomize/base/service.yaml": `apiVersion: v1
kind: Service
metadata: { name: web, labels: { flotilla.dev/app: mine } }
spec: { ports: [{ port: 80 }] }
`,
      },
    );
    expect(await mistakesOf(files)).toEqual([
      "kustomize/base/service.yaml: error: Service web/shop-web: flotilla.dev/app is set by Flotilla; remove it [invalid-object]",
    ]);
  });
});

describe("a chart", { timeout: 60_000 }, () => {
  const site = (values: object, kubernetes: object): string =>
    documentYaml(
      "Site",
      { name: "e1", labels: { ring: "canary", tier: "shop" } },
      { region: "east", values, kubernetes },
    );
  const values = { replicas: 2, extra: { a: null, c: 3 } };
  const overlay = { virtualSites: ["shops"], values: { cache: { size: 2 }, extra: { d: [1, 2] } } };
  const siteValues = { cache: { size: 3 }, image: { tag: "9" } };
  const edits = {
    ...chart,
    "values/common.yaml": "depth: 7\nreplicas: 5\nextra: { e: x }\n",
    "sites/e1.yaml": site(siteValues, {
      version: "1.33",
      apiVersions: ["monitoring.coreos.com/v1"],
    }),
  };
  const source = {
    chart: "charts/web",
    helm: { releaseName: "shop", valuesFiles: ["values/common.yaml"] },
  };
  const layers = { values, overlays: [overlay] };
  const asFiles = [values, overlay.values, siteValues].map((layer, index) => ({
    path: `layer-${index}.json`,
    text: JSON.stringify(layer),
  }));
  const ownFiles = [...filesOf(edits), ...asFiles];
  const args = ["template", "shop", "charts/web", "--namespace=web", "--include-crds"];
  const layered = ["values/common.yaml", ...asFiles.map(({ path }) => path)].map(
    (path) => `--values=${path}`,
  );

  it("renders to what helm template gives with the same values in the same order, object for object", async () => {
    const bare = await bareTool(ownFiles, "helm", [
      ...args,
      ...layered,
      "--kube-version=1.33.0",
      "--api-versions=monitoring.coreos.com/v1",
      "--skip-tests",
    ]);
    const found = await webAt(toolFleet(source, edits, layers));
    expect(found).toEqual(inNamespace(bare, "web", clusterKinds));
    expect(found.get("_ConfigMap_web_shop-web")?.["data"]).toEqual({
      motd: "welcome\n",
      ignored: "",
      namespace: "web",
      kubernetes: "v1.33.0",
      monitored: "true",
      extra: '{"b":2,"c":3,"d":[1,2],"e":"x"}',
    });
  });

  it("has no overlay without effect where it brings values only", async () => {
    expect(await mistakesOf(toolFleet(source, edits, layers))).toEqual([]);
  });

  it("renders to what helm template gives by itself where nothing is said of values and sites", async () => {
    const bare = await bareTool(filesOf(chart), "helm", [
      "template",
      "web",
      "charts/web",
      "--namespace=web",
      "--include-crds",
      "--skip-tests",
    ]);
    const found = await webAt(toolFleet({ chart: "charts/web" }, chart));
    expect(found).toEqual(inNamespace(bare, "web", clusterKinds));
  });

  it("gives a chart each text of its values as it is, also what YAML takes for line breaks", async () => {
    const text = "a \u2028 b\u0085c \u2029 d\u007f\u009f\ufeff\uffff";
    const edits = {
      ...chart,
      "charts/web/templates/codes.yaml": `apiVersion: v1
kind: ConfigMap
metadata: { name: codes }
data: { codes: {{ regexReplaceAll "[^ -~]" .Values.text "?" | quote }}, length: "{{ .Values.text | len }}" }
`,
    };
    const found = await webAt(toolFleet({ chart: "charts/web" }, edits, { values: { text } }));
    expect(found.get("_ConfigMap_web_codes")?.["data"]).toEqual({
      codes: text.replaceAll(/[^ -~]/g, "?"),
      length: String(Buffer.byteLength(text)),
    });
  });

  it("has the empty text where it leaves a text empty, as an API server takes it", async () => {
    const edits = {
      ...chart,
      "charts/web/templates/codes.yaml": `apiVersion: v1
kind: ConfigMap
metadata: { name: codes, annotations: { note: } }
data: { code: {{ .Values.code }}, other: "{{ .Values.code }}x" }
---
apiVersion: v1
kind: Pod
metadata: { name: one }
spec: { nodeSelector: { disk: }, containers: [{ name: one, image: "x:1" }] }
`,
    };
    const found = await webAt(toolFleet({ chart: "charts/web" }, edits));
    const codes = found.get("_ConfigMap_web_codes");
    expect(codes?.["data"]).toEqual({ code: "", other: "x" });
    expect(codes?.metadata["annotations"]).toMatchObject({ note: "" });
    expect(found.get("_Pod_web_one")?.["spec"]).toMatchObject({ nodeSelector: { disk: "" } });
  });

  it("leaves out what is in crds/ where the App says so", async () => {
    const without = toolFleet(
      { chart: "charts/web", helm: { includeCRDs: false } },
      {
        ...chart,
        "charts/web/templates/queue.yaml": null,
      },
    );
    const found = await webAt(without);
    expect([...found.values()].map(({ kind }) => kind)).toEqual([
      "ConfigMap",
      "Service",
      "Deployment",
    ]);
  });

  it("carries files that are no text as they are", async () => {
    const bytes = "\u0000\u0001\u00ff\u00fe";
    const binary = { path: "charts/web/files/logo.bin", text: bytes, isBinary: true };
    const edited = {
      ...chart,
      "charts/web/templates/logo.yaml": `apiVersion: v1
kind: ConfigMap
metadata: { name: logo }
binaryData: { logo: {{ .Files.Get "files/logo.bin" | b64enc | quote }} }
`,
    };
    const found = await webAt([...toolFleet({ chart: "charts/web" }, edited), binary]);
    const logo = Buffer.from(bytes, "latin1").toString("base64");
    expect(found.get("_ConfigMap_web_logo")?.["binaryData"]).toEqual({ logo });
  });
});
