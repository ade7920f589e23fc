/** Which kinds are deleted only with consent: one row for each operator that people are likely to have. */
import { describe, expect, it } from "vitest";
import { objectId } from "../../../src/core/model/kube-object.ts";
import { protectedKinds } from "../../../src/core/rollout/protected-kinds.ts";
import { isProtectedKind } from "../../../src/core/rollout/protected-objects.ts";
import { checkPlan } from "../../support/planner-invariants.ts";
import { PlannerWorld, quick, someSites, type WorldHead } from "../../support/planner-world.ts";

/** `group/Kind` of what is not made anew by applying it again. */
const keepsData = `
  /Namespace /PersistentVolume /PersistentVolumeClaim apiextensions.k8s.io/CustomResourceDefinition
  snapshot.storage.k8s.io/VolumeSnapshot snapshot.storage.k8s.io/VolumeSnapshotContent
  crdb.cockroachlabs.com/CrdbCluster
  cassandra.datastax.com/CassandraDatacenter k8ssandra.io/K8ssandraCluster medusa.k8ssandra.io/MedusaBackup
  clickhouse.altinity.com/ClickHouseInstallation clickhouse-keeper.altinity.com/ClickHouseKeeperInstallation
  scylla.scylladb.com/ScyllaCluster pingcap.com/TidbCluster planetscale.com/VitessCluster
  yugabyte.com/YBCluster operator.yugabyte.io/YBUniverse couchbase.com/CouchbaseCluster
  mongodbcommunity.mongodb.com/MongoDBCommunity psmdb.percona.com/PerconaServerMongoDB
  atlas.mongodb.com/AtlasDeployment mongodb.com/MongoDB
  mysql.oracle.com/InnoDBCluster pxc.percona.com/PerconaXtraDBCluster ps.percona.com/PerconaServerMySQL
  moco.cybozu.com/MySQLCluster mysql.presslabs.org/MysqlCluster k8s.mariadb.com/MariaDB
  acid.zalan.do/postgresql postgres-operator.crunchydata.com/PostgresCluster postgresql.cnpg.io/Cluster
  pgv2.percona.com/PerconaPGCluster stackgres.io/SGCluster kubegres.reactive-tech.io/Kubegres
  redis.redis.opstreelabs.in/RedisCluster databases.spotahome.com/RedisFailover dragonflydb.io/Dragonfly
  app.redislabs.com/RedisEnterpriseCluster hyperspike.io/Valkey
  elasticsearch.k8s.elastic.co/Elasticsearch opensearch.opster.io/OpenSearchCluster solr.apache.org/SolrCloud
  kafka.strimzi.io/Kafka kafka.strimzi.io/KafkaTopic cluster.redpanda.com/Redpanda
  pulsar.streamnative.io/PulsarBroker jetstream.nats.io/Stream rabbitmq.com/RabbitmqCluster
  minio.min.io/Tenant ceph.rook.io/CephCluster longhorn.io/Volume cstor.openebs.io/CStorVolume
  objectbucket.io/ObjectBucketClaim objectstorage.k8s.io/BucketClaim
  etcd.database.coreos.com/EtcdCluster druid.gardener.cloud/Etcd zookeeper.pravega.io/ZookeeperCluster
  kubedb.com/Postgres apps.kubeblocks.io/Cluster neo4j.com/Neo4jCluster
  operator.victoriametrics.com/VMCluster monitoring.banzaicloud.io/Receiver monitoring.coreos.com/Prometheus
  vault.banzaicloud.com/Vault redhatcop.redhat.io/SecretEngineMount
  s3.aws.upbound.io/Bucket s3.aws.m.upbound.io/Bucket database.gcp.crossplane.io/CloudSQLInstance
  cluster.x-k8s.io/Cluster infrastructure.cluster.x-k8s.io/AWSCluster
  rds.services.k8s.aws/DBInstance sql.cnrm.cloud.google.com/SQLInstance dbforpostgresql.azure.com/FlexibleServer
  kubevirt.io/VirtualMachine cdi.kubevirt.io/DataVolume
  kustomize.toolkit.fluxcd.io/Kustomization argoproj.io/Application
`;

/** `group/Kind` of what applying it again brings back as it was. */
const ordinary = `
  /ConfigMap /Secret /Service /ServiceAccount apps/Deployment apps/DaemonSet batch/Job batch/CronJob
  rbac.authorization.k8s.io/ClusterRole networking.k8s.io/Ingress networking.k8s.io/NetworkPolicy
  storage.k8s.io/StorageClass policy/PodDisruptionBudget autoscaling/HorizontalPodAutoscaler
  cert-manager.io/Certificate cert-manager.io/ClusterIssuer acme.cert-manager.io/Order
  monitoring.coreos.com/PrometheusRule monitoring.coreos.com/ServiceMonitor
  monitoring.coreos.com/AlertmanagerConfig operator.victoriametrics.com/VMRule
  operator.victoriametrics.com/VMServiceScrape grafana.integreatly.org/GrafanaDashboard
  gateway.networking.k8s.io/HTTPRoute networking.istio.io/VirtualService cilium.io/CiliumNetworkPolicy
  traefik.io/IngressRoute external-secrets.io/ExternalSecret bitnami.com/SealedSecret
  secrets.hashicorp.com/VaultStaticSecret keda.sh/ScaledObject argoproj.io/Rollout kyverno.io/ClusterPolicy
  source.toolkit.fluxcd.io/GitRepository kibana.k8s.elastic.co/Kibana zalando.org/RouteGroup
  serving.knative.dev/Service opentelemetry.io/OpenTelemetryCollector upgrade.cattle.io/Plan
  notmongodb.com/Thing cnpg.io/Cluster example.com/Tenant
`;

function kindsOf(text: string): string[] {
  return text.trim().split(/\s+/);
}

function idOf(groupAndKind: string): ReturnType<typeof objectId> {
  const [group = "", kind = ""] = groupAndKind.split("/");
  return objectId({ group, kind, namespace: "db", name: "main" });
}

describe("a kind", () => {
  it.each(kindsOf(keepsData))("%s is protected", (kind) => {
    expect(isProtectedKind(idOf(kind))).toBe(true);
  });

  it.each(kindsOf(ordinary))("%s is not", (kind) => {
    expect(isProtectedKind(idOf(kind))).toBe(false);
  });

  it("is in the table as a group or as group/Kind, once, and never below a group that is there", () => {
    expect(new Set(protectedKinds).size).toBe(protectedKinds.length);
    for (const rule of protectedKinds) {
      expect(rule).toMatch(/^(?:[a-z0-9-]+(?:\.[a-z0-9-]+)+)?(?:\/[A-Z][A-Za-z]+)?$/);
      const [group = ""] = rule.split("/");
      const above = protectedKinds.filter(
        (other) => other !== rule && (other === group || group.endsWith(`.${other}`)),
      );
      expect({ rule, above }).toEqual({ rule, above: [] });
    }
  });
});

it("A version that drops a CockroachDB cluster waits for consent, and one that drops a Certificate goes", () => {
  const others = Array.from({ length: 11 }, (_, index) => `_ConfigMap_db_c${index}`);
  const dropping = (object: string): PlannerWorld => {
    const world = new PlannerWorld({ onPlan: checkPlan });
    world.isProtected = isProtectedKind;
    const head = (version: string, objects: string[]): WorldHead => ({
      sites: someSites(3),
      apps: { db: { version, strategy: quick, objects } },
    });
    world.follow(head("v1", [...others, object]));
    world.run(30);
    world.follow(head("v2", others));
    world.run(60);
    return world;
  };
  const cluster = dropping("crdb.cockroachlabs.com_CrdbCluster_db_main");
  expect(cluster.on("db", "v2")).toEqual([]);
  expect(cluster.release("db").deletions.needsApproval).toContain("CrdbCluster db/main");
  const certificate = dropping("cert-manager.io_Certificate_db_main");
  expect(certificate.on("db", "v2")).toHaveLength(3);
});
