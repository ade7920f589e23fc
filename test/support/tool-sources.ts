/** Kustomizations and charts of our own, as edits of a fleet. */
import { aFleet, type FleetEdits } from "./fleet.ts";

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - name: web
          image: example.com/web:1
          envFrom: [{ configMapRef: { name: settings } }]
`;

/** `kustomize/overlays/shop` on `kustomize/base`: generators with hashes, patches of each kind, a component. */
export const kustomization: FleetEdits = {
  "kustomize/base/kustomization.yaml": `resources:
  - deployment.yaml
  - service.yaml
configMapGenerator:
  - name: settings
    files: [app.properties, greeting=texts/hello.txt]
    envs: [settings.env]
    literals: [colour=blue]
`,
  "kustomize/base/deployment.yaml": deployment,
  "kustomize/base/service.yaml": `apiVersion: v1
kind: Service
metadata: { name: web }
spec: { ports: [{ port: 80 }], selector: { app: web } }
`,
  "kustomize/base/app.properties": "a=1\nb=2\n",
  "kustomize/base/texts/hello.txt": "hello\n",
  "kustomize/base/settings.env": "CURRENCY=EUR\n",
  "kustomize/components/metrics/kustomization.yaml": `apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
patches:
  - target: { kind: Deployment }
    patch: |
      - { op: add, path: /spec/template/metadata/annotations, value: { scrape: "true" } }
`,
  "kustomize/overlays/shop/kustomization.yaml": `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../../base, role.yaml]
components: [../../components/metrics]
namePrefix: shop-
labels: [{ pairs: { tier: shop }, includeSelectors: true, fields: [{ path: metadata/labels, create: true }] }]
images: [{ name: example.com/web, newTag: "2" }]
replicas: [{ name: web, count: 3 }]
patches:
  - path: memory.yaml
transformers: [annotate.yaml]
`,
  "kustomize/overlays/shop/role.yaml": `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: reader }
rules: [{ apiGroups: [""], resources: [pods], verbs: [get] }]
`,
  "kustomize/overlays/shop/memory.yaml": `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  template:
    spec:
      containers: [{ name: web, resources: { limits: { memory: 64Mi } } }]
`,
  "kustomize/overlays/shop/annotate.yaml": `apiVersion: builtin
kind: AnnotationsTransformer
metadata: { name: notes }
annotations: { note: made }
fieldSpecs: [{ path: metadata/annotations, create: true }]
`,
};

const chartYaml = (name: string, more = ""): string =>
  `apiVersion: v2\nname: ${name}\nversion: 1.2.3\nappVersion: "7"\n${more}`;

/** `charts/web`: a subchart, a definition, helpers, files, capabilities, a test and values with defaults. */
export const chart: FleetEdits = {
  "charts/web/Chart.yaml": chartYaml("web", "dependencies:\n  - { name: cache, version: 1.2.3 }\n"),
  "charts/web/values.yaml": `image: { repository: example.com/web, tag: "1" }
replicas: 1
extra: { a: 1, b: 2 }
cache: { size: 1 }
`,
  "charts/web/.helmignore": "notes/\n",
  "charts/web/notes/ignored.txt": "not to be seen\n",
  "charts/web/files/motd.txt": "welcome\n",
  "charts/web/values.schema.json": `{ "$schema": "http://json-schema.org/draft-07/schema#", "type": "object",
  "properties": { "replicas": { "$ref": "#/definitions/count" } }, "definitions": { "count": { "type": "integer" } } }
`,
  "charts/web/crds/queues.yaml": `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: queues.example.com }
spec:
  group: example.com
  names: { kind: Queue, plural: queues, singular: queue, listKind: QueueList }
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema: { openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true } }
`,
  "charts/web/templates/_helpers.tpl": `{{- define "web.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}
`,
  "charts/web/templates/deployment.yaml": `apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-web
  labels: {{- include "web.labels" . | nindent 4 }}
spec:
  replicas: {{ .Values.replicas }}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - name: web
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-web
data:
  motd: {{ .Files.Get "files/motd.txt" | quote }}
  ignored: {{ .Files.Get "notes/ignored.txt" | quote }}
  namespace: {{ .Release.Namespace }}
  kubernetes: {{ .Capabilities.KubeVersion.Version }}
  monitored: {{ .Capabilities.APIVersions.Has "monitoring.coreos.com/v1" | quote }}
  extra: {{ .Values.extra | toJson | quote }}
`,
  "charts/web/templates/queue.yaml": `apiVersion: example.com/v1
kind: Queue
metadata: { name: jobs }
spec: { depth: {{ .Values.depth | default 5 }} }
`,
  "charts/web/templates/tests/answers.yaml": `apiVersion: v1
kind: Pod
metadata: { name: answers, annotations: { helm.sh/hook: test } }
spec: { containers: [{ name: ask, image: example.com/ask:1 }] }
`,
  "charts/web/charts/cache/Chart.yaml": chartYaml("cache"),
  "charts/web/charts/cache/templates/service.yaml": `apiVersion: v1
kind: Service
metadata: { name: {{ .Release.Name }}-cache, labels: { size: "{{ .Values.size }}" } }
spec: { ports: [{ port: 6379 }], selector: { app: cache } }
`,
};

/** Only the files of the edits, as a tool is given them. */
export function filesOf(edits: FleetEdits): { path: string; text: string }[] {
  const own = new Set(Object.keys(edits));
  return aFleet(edits).filter(({ path }) => own.has(path));
}
