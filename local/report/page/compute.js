// What runs the requests, as local/cost/parts has it: Lambda, Fargate, nodes. Each part has items and limits.
import { larger, minus, plus, roundedUp, times, whole } from "./linear.js";
import { plain } from "./numbers.js";
import { billedMs, durationMs } from "./work.js";

const FIT = "fit";
const MB_PER_GB = 1024;
const SECONDS_PER_HOUR = 3600;

// Equal machines that share the requests: as many as keep the CPU under the target, and the spares.
function fleet(noun, part, vcpus, given) {
  const ofOne = (vcpus * part.utilisation) / given.mix.vcpuSeconds;
  if (part.count !== FIT) {
    const working = Math.max(0, part.count - part.spare);
    const busy = plain(part.utilisation * 100, 4);
    const why = () => `${working} of ${part.count} ${noun} × ${plain(vcpus)} vCPU × ${busy} % busy / ${plain(given.mix.vcpuSeconds * 1000)} ms of CPU a request`;
    return { size: { name: noun, amount: part.count }, limits: [{ name: noun, rate: working * ofOne, why }] };
  }
  const amount = plus(larger(whole(times(given.rate, 1 / ofOne)), 1), part.spare);
  const how = () => `${plain(given.rate.value)}/s / ${plain(ofOne)}/s each, rounded up, + ${part.spare} spare`;
  return { size: { name: noun, amount, how }, limits: [] };
}

const secondsOfEnvironment = (part, given) =>
  Math.max(
    1 / given.constants.requests_per_environment,
    given.mix.mean((work) => durationMs(work, part.memory_mb, part.speed, given.constants)) / 1000,
  );

function perRequest(part, given, what, measure) {
  const ms = given.mix.mean(measure);
  const how = () => `${plain(ms)} ms ${what} / 1,000 × ${part.memory_mb} MB / ${MB_PER_GB}`;
  return { name: "GB-s per request", amount: (ms * part.memory_mb) / 1000 / MB_PER_GB, unit: "GB-s", how };
}

function* lambdaItems(part, given) {
  const { constants } = given;
  const duration = (work) => durationMs(work, part.memory_mb, part.speed, constants);
  const billed = (work) => billedMs(work, part.memory_mb, part.speed, constants);
  const gb = { name: "GB", amount: part.memory_mb / MB_PER_GB, unit: "GB" };
  const freeRequests = part.free_tier ? given.price("lambda", "free-requests").tiers[0].price : 0;
  yield { name: "lambda-requests", factors: [given.requests()], price: given.price("lambda", "requests"), free: freeRequests };
  let onDemand = given.rate;
  if (part.provisioned) {
    const each = secondsOfEnvironment(part, given);
    const kept = part.provisioned === FIT ? whole(times(given.rate, each / part.utilisation)) : part.provisioned;
    const how = () => `${plain(given.rate.value * each)} busy / ${plain(part.utilisation)}, rounded up`;
    onDemand = larger(minus(given.rate, times(kept, 1 / each)), 0);
    const idle = [
      { name: "environments", amount: kept, how: part.provisioned === FIT ? how : undefined },
      gb,
      { name: "seconds", amount: SECONDS_PER_HOUR * given.hours, unit: "s" },
    ];
    yield { name: "provisioned-idle", factors: idle, price: given.price("lambda", `provisioned-idle-${part.architecture}`) };
    const served = [given.requests(minus(given.rate, onDemand), "requests served there"), perRequest(part, given, "billed", billed)];
    yield { name: "provisioned-duration", factors: served, price: given.price("lambda", `provisioned-duration-${part.architecture}`) };
  }
  if (part.provisioned !== FIT) yield* durationItems(part, given, onDemand, duration, billed);
  if (part.snapstart) {
    const seconds = { name: "seconds", amount: SECONDS_PER_HOUR * Math.max(given.hours, constants.snapshot_hours), unit: "s" };
    const snapshots = { name: "snapshots", amount: part.versions * given.mix.shares.length };
    yield { name: "snapstart-cache", factors: [snapshots, gb, seconds], price: given.price("lambda", "snapstart-cache") };
    const cold = given.requests(times(given.rate, given.mix.mean((work) => work.cold_share)), "cold starts");
    yield { name: "snapstart-restore", factors: [cold, gb], price: given.price("lambda", "snapstart-restore") };
  }
}

// Duration, rounding and INIT share the month's tiers and its free tier, in this order.
function* durationItems(part, given, rate, duration, billed) {
  const price = given.price("lambda", `gb-seconds-${part.architecture}`);
  const free = part.free_tier ? given.price("lambda", "free-gb-seconds").tiers[0].price : 0;
  const requests = given.requests(rate);
  const items = [
    ["lambda-duration", [requests, perRequest(part, given, "run", duration)]],
    ["lambda-rounding", [requests, perRequest(part, given, "rounded up", (work) => billed(work) - duration(work))]],
  ];
  if (!part.snapstart) {
    const row = given.price("lambda", "init-factor");
    const init = perRequest(part, given, "INIT", (work) => work.cold_share * roundedUp(work.init_ms));
    items.push(["lambda-init", [requests, init, { name: "INIT factor", amount: row.tiers[0].price, row }]]);
  }
  let before = 0;
  for (const [name, factors] of items) {
    yield { name, factors, price, free, before };
    before = plus(before, factors.reduce((all, factor) => times(all, factor.amount), 1));
  }
}

function lambdaLimits(part, given) {
  const found = [];
  if (part.quota) {
    const each = 1 / secondsOfEnvironment(part, given);
    found.push({ name: "lambda quota", rate: part.quota * each, why: () => `${part.quota} environments × ${plain(each)} requests/s each` });
  }
  for (const { work } of given.mix.shares) {
    if (work.memory_mb > part.memory_mb) {
      found.push({ name: "lambda memory", rate: 0, why: () => `${work.name} needs ${work.memory_mb} MB` });
    }
  }
  return found;
}

function cluster(part, given) {
  const price = given.price("eks", part.extended_support ? "cluster-extended" : "cluster");
  return { name: "cluster", factors: [{ name: "clusters", amount: 1 }, given.running()], price };
}

function fargateSize(part, given) {
  const needed = (Math.max(1, Math.ceil(part.vcpu)) * given.mix.memoryMb) / MB_PER_GB;
  const asked = part.memory_gb || needed;
  const memory = asked + (part.orchestrator === "eks" ? given.constants.eks_pod_gb : 0);
  for (const [vcpu, memories] of given.constants.fargate_sizes) {
    const fitting = memories.find((size) => vcpu >= part.vcpu && size >= memory);
    if (fitting !== undefined) return { vcpu, memory: fitting, needed, asked };
  }
  throw new Error(`Fargate has no size for ${plain(part.vcpu)} vCPU and ${plain(memory)} GB`);
}

const allocatable = (part, given) => {
  const { vcpus, reserve } = given.instance(part.instance);
  const how = () => `${vcpus} − ${plain(reserve)} system − ${plain(part.daemon_vcpu)} DaemonSets`;
  return { name: "vCPU left for pods", amount: Math.max(0.01, vcpus - reserve - part.daemon_vcpu), unit: "vCPU", how };
};

export const COMPUTE = {
  lambda: { items: lambdaItems, limits: lambdaLimits },

  managed_instances: {
    *items(part, given) {
      const { size } = fleet("instances", part, given.instance(part.instance).vcpus * part.speed, given);
      const fee = given.price("lambda-managed-instances", "management-fee");
      const price = given.price("ec2", part.instance);
      yield { name: "managed-instances", factors: [size, given.running()], price };
      yield { name: "managed-fee", factors: [size, given.running(), { name: "management fee", amount: fee.tiers[0].price, row: fee }], price };
      yield { name: "managed-requests", factors: [given.requests()], price: given.price("lambda-managed-instances", "requests") };
    },
    limits: (part, given) => fleet("instances", part, given.instance(part.instance).vcpus * part.speed, given).limits,
  },

  fargate: {
    *items(part, given) {
      const { vcpu, memory } = fargateSize(part, given);
      const { size } = fleet(part.orchestrator === "eks" ? "pods" : "tasks", part, vcpu * part.speed, given);
      const row = (what) => given.price("fargate", `${what}-${part.architecture}`);
      yield { name: "fargate-vcpu", factors: [size, { name: "vCPU", amount: vcpu }, given.running()], price: row("vcpu") };
      yield { name: "fargate-memory", factors: [size, { name: "GB", amount: memory }, given.running()], price: row("memory") };
      if (part.orchestrator === "eks") yield cluster(part, given);
    },
    limits(part, given) {
      const { vcpu, needed, asked } = fargateSize(part, given);
      const { limits } = fleet(part.orchestrator === "eks" ? "pods" : "tasks", part, vcpu * part.speed, given);
      if (asked < needed) limits.push({ name: "memory", rate: 0, why: () => `a process for each vCPU needs ${plain(needed)} GB` });
      return limits;
    },
  },

  nodes: {
    *items(part, given) {
      const left = allocatable(part, given);
      const { size } = fleet("nodes", part, left.amount * part.speed, given);
      if (part.control_plane === "eks") yield cluster(part, given);
      yield { name: "nodes", factors: [size, given.running()], price: given.price("ec2", part.instance), given: [left] };
      if (part.disk_gb) {
        yield { name: "node-disks", factors: [size, { name: "GB", amount: part.disk_gb }, given.kept()], price: given.price("ebs", "gp3") };
      }
    },
    limits(part, given) {
      const { limits } = fleet("nodes", part, allocatable(part, given).amount * part.speed, given);
      const { vcpus, memory_gib } = given.instance(part.instance);
      const [free, needed] = [memory_gib * MB_PER_GB - part.system_mb, vcpus * given.mix.memoryMb];
      if (free < needed) limits.push({ name: "node memory", rate: 0, why: () => `a process for each vCPU needs ${needed} MB of ${free} MB` });
      return limits;
    },
  },
};
