/** The command lines of etcd, kube-apiserver and kube-controller-manager in a test. */
import { join } from "node:path";

/** Addresses of the one etcd that all clusters share. */
export interface EtcdPorts {
  readonly client: number;
  readonly peer: number;
}

/** What distinguishes one cluster's processes from another's. */
export interface ClusterFiles {
  readonly name: string;
  readonly port: number;
  /** Holds tokens.csv, service-account.key, service-account.pub, kubeconfig and certs/. */
  readonly folder: string;
}

/** Flags of etcd: nothing is synced to disk. */
export function etcdFlags(folder: string, ports: EtcdPorts): readonly string[] {
  const client = `http://127.0.0.1:${ports.client}`;
  const peer = `http://127.0.0.1:${ports.peer}`;
  return [
    `--data-dir=${join(folder, "etcd")}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    "--unsafe-no-fsync",
    "--log-level=warn",
  ];
}

/**
 * Flags of kube-apiserver. It makes its own CA and certificate in `certs/`. Left out, because
 * nothing here needs them: the ServiceAccount admission (pods would wait for their account),
 * the not-ready taint of new nodes, endpoints of the API server itself, and priority and fairness.
 */
export function apiserverFlags(cluster: ClusterFiles, etcd: EtcdPorts): readonly string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${etcd.client}`,
    `--etcd-prefix=/${cluster.name}`,
    "--bind-address=127.0.0.1",
    "--advertise-address=127.0.0.1",
    `--secure-port=${cluster.port}`,
    `--cert-dir=${join(cluster.folder, "certs")}`,
    `--token-auth-file=${join(cluster.folder, "tokens.csv")}`,
    "--authorization-mode=RBAC",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${join(cluster.folder, "service-account.pub")}`,
    `--service-account-signing-key-file=${join(cluster.folder, "service-account.key")}`,
    "--service-cluster-ip-range=10.0.0.0/16",
    "--endpoint-reconciler-type=none",
    "--disable-admission-plugins=ServiceAccount,TaintNodesByCondition",
    "--enable-priority-and-fairness=false",
    "--etcd-count-metric-poll-period=0",
    "--allow-privileged=true",
    "--profiling=false",
  ];
}

const controllers = [
  "clusterrole-aggregation",
  "cronjob",
  "daemonset",
  "deployment",
  "disruption",
  "endpointslice",
  "garbage-collector",
  "job",
  "namespace",
  "pod-garbage-collector",
  "replicaset",
  "root-ca-certificate-publisher",
  "serviceaccount",
  "statefulset",
  "ttl-after-finished",
].map((controller) => `${controller}-controller`);

/** Flags of kube-controller-manager, without the controllers of nodes, volumes and certificates. */
export function controllersFlags(cluster: ClusterFiles): readonly string[] {
  return [
    `--kubeconfig=${join(cluster.folder, "kubeconfig")}`,
    `--controllers=${controllers.join(",")}`,
    "--leader-elect=false",
    "--secure-port=0",
    "--use-service-account-credentials=false",
    `--service-account-private-key-file=${join(cluster.folder, "service-account.key")}`,
    `--root-ca-file=${join(cluster.folder, "ca.crt")}`,
    "--kube-api-qps=200",
    "--kube-api-burst=400",
    "--profiling=false",
  ];
}
