/** A fleet with one chart that every site has with values of its own, so that there are as many variants as sites. */
import type { SourceFile } from "../src/core/model/fleet-model.ts";

/**
 * What the chart's templates name besides: nothing that can vary; a random value, or the time, that is never used; `tpl`,
 * with ten texts; a random value that is made and not shown.
 */
export type ChartNames = "nothing" | "random" | "time" | "texts" | "called";

export interface ChartFleet {
  readonly sites: number;
  readonly names: ChartNames;
  /** Version of helm. */
  readonly helm: string;
}

export const chartPath = "charts/web";
export const chartApp = "web";

const apiVersion = "flotilla.dev/v1alpha1";

function kind(name: string, metadata: object, spec: object): string {
  return `apiVersion: ${apiVersion}\nkind: ${name}\nmetadata: ${JSON.stringify(metadata)}\nspec: ${JSON.stringify(spec)}\n`;
}

/** The values of a site. */
export function valuesAt(site: number): object {
  return { site: `site-${site}`, replicas: site };
}

/** Every file of the fleet. */
export function chartFleet({ sites, names, helm }: ChartFleet): readonly SourceFile[] {
  const stage = { name: "all", soak: "0s" };
  const all = Array.from({ length: sites }, (_, site) =>
    kind("Site", { name: `site-${site}` }, { region: "eu", values: valuesAt(site) }),
  );
  const fleet = { rollout: { strategy: "at-once" }, tools: { helm } };
  const app = {
    namespace: chartApp,
    source: { chart: chartPath },
    placement: { virtualSites: ["everywhere"] },
  };
  const files = {
    "fleet.yaml": kind("Fleet", { name: "bench" }, fleet),
    "strategy.yaml": kind("RolloutStrategy", { name: "at-once" }, { stages: [stage] }),
    "everywhere.yaml": kind("VirtualSite", { name: "everywhere" }, { all: true }),
    "region.yaml": kind("Region", { name: "eu" }, {}),
    "sites.yaml": all.join("---\n"),
    "apps/web.yaml": kind("App", { name: chartApp }, app),
    ...chartFiles,
    [`${chartPath}/templates/more.yaml`]: more[names],
  };
  return Object.entries(files).map(([path, text]) => ({ path, text }));
}

const more: Readonly<Record<ChartNames, string>> = {
  nothing: "{{ if .Values.never }}a: b{{ end }}\n",
  random: "{{ if .Values.never }}a: {{ randAlphaNum 8 }}{{ end }}\n",
  time: "{{ if .Values.never }}a: {{ now }}{{ end }}\n",
  texts: `{{ range until 10 }}{{ $text := tpl "{{ .Release.Name }}-{{ .Values.site | quote }}" $ }}{{ end }}\n`,
  called: "{{ $called := randAlphaNum 8 }}\n",
};

const labels = '{{- include "web.labels" . | nindent 4 }}';

const chartFiles: Readonly<Record<string, string>> = {
  [`${chartPath}/Chart.yaml`]: 'apiVersion: v2\nname: web\nversion: 1.2.3\nappVersion: "7"\n',
  [`${chartPath}/values.yaml`]: `site: ""
replicas: 1
never: false
image: { repository: registry.example/web, tag: "" }
service: { type: ClusterIP, port: 80 }
ingress: { enabled: true, className: nginx, host: web.example }
resources: { requests: { cpu: 50m, memory: 64Mi }, limits: { memory: 256Mi } }
settings: { colour: blue, level: info }
`,
  [`${chartPath}/templates/_helpers.tpl`]: `{{- define "web.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- define "web.selector" -}}
app.kubernetes.io/name: {{ include "web.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
{{- define "web.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "web.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}
`,
  [`${chartPath}/templates/deployment.yaml`]: `apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "web.name" . }}
  labels: ${labels}
spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels: {{- include "web.selector" . | nindent 6 }}
  template:
    metadata:
      labels: {{- include "web.labels" . | nindent 8 }}
      annotations:
        checksum/settings: {{ include (print $.Template.BasePath "/settings.yaml") . | sha256sum }}
    spec:
      serviceAccountName: {{ include "web.name" . }}
      containers:
        - name: web
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
          ports: [{ name: http, containerPort: 8080 }]
          envFrom: [{ configMapRef: { name: {{ include "web.name" . }} } }]
          readinessProbe: { httpGet: { path: /ready, port: http } }
          resources: {{- toYaml .Values.resources | nindent 12 }}
`,
  [`${chartPath}/templates/settings.yaml`]: `apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "web.name" . }}
  labels: ${labels}
data:
  site: {{ .Values.site | quote }}
  {{- range $key, $value := .Values.settings }}
  {{ $key }}: {{ $value | quote }}
  {{- end }}
`,
  [`${chartPath}/templates/service.yaml`]: `apiVersion: v1
kind: Service
metadata:
  name: {{ include "web.name" . }}
  labels: ${labels}
spec:
  type: {{ .Values.service.type }}
  ports: [{ port: {{ .Values.service.port }}, targetPort: http, name: http }]
  selector: {{- include "web.selector" . | nindent 4 }}
`,
  [`${chartPath}/templates/account.yaml`]: `apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "web.name" . }}
  labels: ${labels}
`,
  [`${chartPath}/templates/ingress.yaml`]: `{{- if .Values.ingress.enabled }}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {{ include "web.name" . }}
  labels: ${labels}
spec:
  ingressClassName: {{ .Values.ingress.className }}
  rules:
    - host: {{ .Values.ingress.host | quote }}
      http:
        paths:
          - { path: /, pathType: Prefix, backend: { service: { name: {{ include "web.name" . }}, port: { name: http } } } }
{{- end }}
`,
};
