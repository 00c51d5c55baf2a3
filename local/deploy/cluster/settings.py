"""What the programs of a cluster are started with: command lines and files, as texts. Pure."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import NamedTuple

from local.deploy.cluster.certificates import Pair

NODE = "node"
API_PORT, ETCD_PORT, METRICS_PORT = 6443, 2379, 10443
NODE_ADDRESS = "10.244.0.1"
"""The bridge of the pods, inside the cluster's network namespace: the kubelet refuses a loopback address."""
PODS, SERVICES, API_SERVICE = "10.244.0.0/24", "10.96.0.0/16", "10.96.0.1"
BRIDGE = "crossover0"
PAUSE = "docker.io/library/crossover-pause:1"
API = f"https://127.0.0.1:{API_PORT}"


class ClusterFiles(NamedTuple):
    """Where the cluster's files are: `work` is removed at the end, `sockets` has a short path."""

    programs: Path
    work: Path
    sockets: Path

    def pem(self, name: str) -> str:
        """Return the path of a certificate or key."""
        return str(self.work / name)

    def config(self, name: str) -> str:
        """Return the path of a user's kubeconfig."""
        return str(self.work / f"{name}.kubeconfig")

    @property
    def containerd(self) -> str:
        """The container runtime's socket."""
        return str(self.sockets / "containerd.sock")


def etcd(files: ClusterFiles) -> list[str]:
    """Return the command line of the store."""
    client, peer = f"http://127.0.0.1:{ETCD_PORT}", "http://127.0.0.1:2380"
    urls = ["--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer]
    urls += ["--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}"]
    # Nothing here outlives the tests, so nothing is forced to the disk.
    return [str(files.programs / "etcd"), "--data-dir", str(files.work / "etcd"), *urls, "--unsafe-no-fsync"]


def api_server(files: ClusterFiles) -> list[str]:
    """Return the command line of the API server, with the metrics API served by another program."""
    return [
        str(files.programs / "kube-apiserver"),
        f"--etcd-servers=http://127.0.0.1:{ETCD_PORT}",
        "--bind-address=127.0.0.1",
        f"--secure-port={API_PORT}",
        f"--advertise-address={NODE_ADDRESS}",
        f"--service-cluster-ip-range={SERVICES}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=false",
        f"--client-ca-file={files.pem('ca.pem')}",
        f"--tls-cert-file={files.pem('server.pem')}",
        f"--tls-private-key-file={files.pem('server.key')}",
        f"--kubelet-client-certificate={files.pem('admin.pem')}",
        f"--kubelet-client-key={files.pem('admin.key')}",
        f"--kubelet-certificate-authority={files.pem('ca.pem')}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--service-account-issuer={API}",
        f"--service-account-key-file={files.pem('accounts.key')}",
        f"--service-account-signing-key-file={files.pem('accounts.key')}",
        f"--requestheader-client-ca-file={files.pem('ca.pem')}",
        "--requestheader-allowed-names=front-proxy",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={files.pem('front-proxy.pem')}",
        f"--proxy-client-key-file={files.pem('front-proxy.key')}",
        "--enable-aggregator-routing=true",
        f"--cert-dir={files.work}",
    ]


def controller_manager(files: ClusterFiles) -> list[str]:
    """Return the command line of the controllers; the autoscaler looks every 5 s in place of 15: tests wait for it."""
    return [
        str(files.programs / "kube-controller-manager"),
        f"--kubeconfig={files.config('admin')}",
        "--bind-address=127.0.0.1",
        f"--root-ca-file={files.pem('ca.pem')}",
        f"--service-account-private-key-file={files.pem('accounts.key')}",
        f"--cluster-cidr={PODS}",
        "--leader-elect=false",
        "--horizontal-pod-autoscaler-sync-period=5s",
        "--horizontal-pod-autoscaler-cpu-initialization-period=30s",
        f"--cert-dir={files.work}",
    ]


def scheduler(files: ClusterFiles) -> list[str]:
    """Return the command line of the scheduler."""
    program = str(files.programs / "kube-scheduler")
    return [
        program,
        f"--kubeconfig={files.config('admin')}",
        "--bind-address=127.0.0.1",
        "--leader-elect=false",
        f"--cert-dir={files.work}",
    ]


def containerd(files: ClusterFiles) -> list[str]:
    """Return the command line of the container runtime."""
    return ["containerd", "--config", str(files.work / "containerd.toml")]


def kubelet(files: ClusterFiles) -> list[str]:
    """Return the command line of the node's agent."""
    return [
        str(files.programs / "kubelet"),
        f"--config={files.work / 'kubelet.json'}",
        f"--kubeconfig={files.config('kubelet')}",
        f"--hostname-override={NODE}",
        f"--node-ip={NODE_ADDRESS}",
        f"--root-dir={files.work / 'kubelet'}",
        f"--cert-dir={files.work}",
        # Zones, as nodes of a cloud have them: the chart spreads pods over them.
        "--node-labels=topology.kubernetes.io/zone=here",
    ]


def proxy(files: ClusterFiles) -> list[str]:
    """Return the command line of what makes services reachable."""
    return [
        str(files.programs / "kube-proxy"),
        f"--kubeconfig={files.config('admin')}",
        f"--hostname-override={NODE}",
        f"--cluster-cidr={PODS}",
        "--proxy-mode=iptables",
        "--nodeport-addresses=127.0.0.0/8,10.244.0.0/24",
        "--bind-address=127.0.0.1",
        # These settings of the kernel belong to the machine, not to the namespace.
        "--conntrack-max-per-core=0",
        "--conntrack-tcp-timeout-established=0",
        "--conntrack-tcp-timeout-close-wait=0",
    ]


def metrics_server(files: ClusterFiles) -> list[str]:
    """Return the command line of the metrics API."""
    config = files.config("admin")
    return [
        str(files.programs / "metrics-server"),
        f"--kubeconfig={config}",
        f"--authentication-kubeconfig={config}",
        f"--authorization-kubeconfig={config}",
        f"--bind-address={NODE_ADDRESS}",
        f"--secure-port={METRICS_PORT}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--kubelet-certificate-authority={files.pem('ca.pem')}",
        "--kubelet-request-timeout=5s",
        "--metric-resolution=10s",
        f"--tls-cert-file={files.pem('server.pem')}",
        f"--tls-private-key-file={files.pem('server.key')}",
        f"--cert-dir={files.work}",
    ]


def containerd_config(files: ClusterFiles) -> str:
    """Return the container runtime's settings. A process here may not lower its oom_score_adj."""
    return f'''version = 2
root = "{files.work}/containerd"
state = "{files.sockets}/containerd"
[grpc]
address = "{files.containerd}"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE}"
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "{files.work}/cni"
'''


def cni_config(files: ClusterFiles) -> str:
    """Return the pods' network: a bridge inside the cluster's network namespace."""
    addresses = {"type": "host-local", "dataDir": str(files.work / "ipam"), "ranges": [[{"subnet": PODS}]]}
    bridge = {"type": "bridge", "bridge": BRIDGE, "isGateway": True, "hairpinMode": True, "ipam": addresses}
    return json.dumps({"cniVersion": "1.0.0", "name": "pods", "plugins": [bridge, {"type": "loopback"}]})


def kubelet_config(files: ClusterFiles) -> str:
    """Return the node agent's settings."""
    return json.dumps(
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": NODE_ADDRESS,
            "authentication": {"anonymous": {"enabled": False}, "x509": {"clientCAFile": files.pem("ca.pem")}},
            "authorization": {"mode": "Webhook"},
            "cgroupDriver": "cgroupfs",
            "containerRuntimeEndpoint": f"unix://{files.containerd}",
            "failSwapOn": False,
            "healthzBindAddress": "127.0.0.1",
            "tlsCertFile": files.pem("server.pem"),
            "tlsPrivateKeyFile": files.pem("server.key"),
            "evictionHard": {"nodefs.available": "1%", "imagefs.available": "1%", "memory.available": "50Mi"},
            "podLogsDir": str(files.work / "logs"),
            "syncFrequency": "10s",
        }
    )


def kubeconfig(authority: bytes, user: Pair) -> str:
    """Return what a client needs to reach the API server."""
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "own", "cluster": {"server": API, "certificate-authority-data": _text(authority)}}],
            "users": [
                {
                    "name": "user",
                    "user": {
                        "client-certificate-data": _text(user.certificate),
                        "client-key-data": _text(user.key),
                    },
                }
            ],
            "contexts": [{"name": "own", "context": {"cluster": "own", "user": "user"}}],
            "current-context": "own",
        }
    )


METRICS_API = json.dumps(
    {
        "apiVersion": "v1",
        "kind": "List",
        "items": [
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": "metrics-server", "namespace": "kube-system"},
                "spec": {"ports": [{"port": 443, "targetPort": METRICS_PORT}]},
            },
            {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": {
                    "name": "metrics-server-1",
                    "namespace": "kube-system",
                    "labels": {"kubernetes.io/service-name": "metrics-server"},
                },
                "addressType": "IPv4",
                "ports": [{"port": METRICS_PORT}],
                "endpoints": [{"addresses": [NODE_ADDRESS]}],
            },
            {
                "apiVersion": "apiregistration.k8s.io/v1",
                "kind": "APIService",
                "metadata": {"name": "v1beta1.metrics.k8s.io"},
                "spec": {
                    "group": "metrics.k8s.io",
                    "version": "v1beta1",
                    "groupPriorityMinimum": 100,
                    "versionPriority": 100,
                    "insecureSkipTLSVerify": True,
                    "service": {"name": "metrics-server", "namespace": "kube-system"},
                },
            },
        ],
    }
)
"""What makes the API server pass the metrics API on to metrics-server, which runs beside it and not in a pod."""


def _text(pem: bytes) -> str:
    return base64.b64encode(pem).decode()
