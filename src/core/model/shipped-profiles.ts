/**
 * The profiles that every fleet may take by name. They say only what is so of nearly every cluster of their kind, in a way
 * that an app's own words go over; they have no values, which a chart with a strict schema would refuse.
 * What is changed here changes what is rendered: `rendererNumber` is raised with it.
 */
import { apiVersion, type Profile } from "./kinds.ts";

type Scheduling = NonNullable<NonNullable<Profile["spec"]["overlays"]>[number]["scheduling"]>;

const profile = (name: string, scheduling?: Scheduling): [string, Profile] => [
  name,
  {
    apiVersion,
    kind: "Profile",
    metadata: { name },
    spec: scheduling === undefined ? {} : { overlays: [{ name: "scheduling", scheduling }] },
  },
];

/** A host that starts anew is back before its pods are made elsewhere. DaemonSets bear these taints for ever. */
const whileHostsStart = (["Deployment", "StatefulSet"] as const).map((kind) => ({
  target: { group: "apps", kind },
  tolerations: ["not-ready", "unreachable"].map((state) => ({
    key: `node.kubernetes.io/${state}`,
    operator: "Exists" as const,
    effect: "NoExecute" as const,
    tolerationSeconds: 900,
  })),
}));

const bears = (key: string) => ({ key, operator: "Exists", effect: "NoSchedule" }) as const;

/** By name. */
export const shippedProfiles: ReadonlyMap<string, Profile> = new Map([
  profile("serverless", [{ tolerations: [bears("virtual-kubelet.io/provider")] }]),
  profile("edge", [
    {
      tolerations: [
        bears("node-role.kubernetes.io/control-plane"),
        bears("node-role.kubernetes.io/edge"),
      ],
    },
  ]),
  profile("windows", [
    {
      nodeSelector: { "kubernetes.io/os": "windows" },
      tolerations: [{ key: "os", operator: "Equal", value: "windows", effect: "NoSchedule" }],
    },
  ]),
  profile("bare-metal", whileHostsStart),
  profile("none"),
]);
