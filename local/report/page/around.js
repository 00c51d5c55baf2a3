// What stands around it, as local/cost/parts has it: fronts, network, databases, secrets.
import { Linear, larger, roundedUp, times, valueOf, whole } from "./linear.js";
import { plain } from "./numbers.js";
import { bytesBothWays } from "./work.js";

const GB = 1e9;
const SECONDS_PER_HOUR = 3600;

function dimensions(part, given, unit) {
  const { mix } = given;
  const rate = times(given.rate, given.duty);
  const opened = mix.mean((work) => 1 / work.requests_per_connection);
  const held = mix.mean((work) => work.connection_seconds / work.requests_per_connection);
  const size = mix.mean(bytesBothWays);
  const shown = plain(rate.value);
  const found = [
    { name: "units for new connections", amount: times(rate, opened / unit.connections), how: () => `${shown}/s × ${plain(opened)} / ${unit.connections}` },
    { name: "units for active connections", amount: times(rate, held / unit.active), how: () => `${shown}/s × ${plain(held)} s / ${unit.active}` },
    { name: "units for processed bytes", amount: times(rate, (SECONDS_PER_HOUR * size) / GB / unit.gigabytes), how: () => `${shown}/s × 3,600 s × ${plain(size)} bytes / 1,000,000,000 / ${unit.gigabytes} GB an hour` },
  ];
  if (unit.rules) {
    const billed = Math.max(0, part.rules - given.constants.free_rules);
    found.push({ name: "units for rule evaluations", amount: times(rate, billed / unit.rules), how: () => `${shown}/s × ${billed} rules beyond the first ${given.constants.free_rules} / ${unit.rules}` });
  }
  return found;
}

function* balancer(part, given, unit) {
  yield { name: part.kind, factors: [{ name: "balancers", amount: 1 }, given.running()], price: given.price("elb", `${part.kind}-hours`) };
  const found = dimensions(part, given, unit);
  const most = found.reduce((all, one) => larger(all, one.amount), new Linear(0, 0, given.rate.at));
  const largest = found.reduce((one, other) => (valueOf(other.amount) > valueOf(one.amount) ? other : one));
  const units = { name: "capacity units", amount: most, how: () => `the largest dimension: ${largest.name}` };
  yield { name: `${part.kind}-capacity`, factors: [units, given.running()], price: given.price("elb", `${part.kind}-capacity`), given: found };
}

const databaseVcpus = (part, given) => given.instance(part.instance).vcpus * (1 + part.replicas);

const querySeconds = (work) => (work.queries_per_vcpu ? work.queries / work.queries_per_vcpu : 0);

function* readOrWrite(part, given, name, verb, units, how) {
  const perRequest = { name: `${verb} units per request`, amount: units, how };
  if (part.mode === "on-demand") {
    yield { name, factors: [given.requests(), perRequest], price: given.price("dynamodb", `${verb}-request-units`) };
    return;
  }
  const shown = () => `${plain(given.rate.value)}/s × ${plain(units)} / ${plain(part.utilisation)}, rounded up`;
  const capacity = { name: "capacity units", amount: whole(times(given.rate, units / part.utilisation)), how: shown };
  yield { name, factors: [capacity, given.running()], price: given.price("dynamodb", `${verb}-capacity-hours`), given: [perRequest] };
}

export const AROUND = {
  front: {
    *items(part, given) {
      const { capacity, http_api_unit } = given.constants;
      if (part.kind === "function-url") {
        yield { name: "function-url", factors: [given.requests()], price: given.price("lambda", "function-url") };
      } else if (part.kind === "http-api") {
        const units = given.mix.mean((work) => Math.max(1, roundedUp(bytesBothWays(work) / http_api_unit)));
        const how = () => `request and response in units of ${http_api_unit} bytes, rounded up`;
        yield { name: "http-api", factors: [given.requests(), { name: "units per request", amount: units, how }], price: given.price("api-gateway", "http-requests") };
      } else if (part.kind === "rest-api") {
        yield { name: "rest-api", factors: [given.requests()], price: given.price("api-gateway", "rest-requests") };
      } else if (part.kind === "alb") {
        yield* balancer(part, given, given.onLambda ? capacity.alb_to_lambda : capacity.alb);
      } else {
        yield* balancer(part, given, part.tls ? capacity.nlb_tls : capacity.nlb_tcp);
      }
    },
    addresses: (part) => (["alb", "nlb"].includes(part.kind) && !part.internal ? part.zones : 0),
  },

  network: {
    *items(part, given) {
      if (part.nat_gateways) {
        yield { name: "nat", factors: [{ name: "gateways", amount: part.nat_gateways }, given.running()], price: given.price("vpc", "nat-hours") };
      }
      if (part.nat_bytes) yield { name: "nat-data", factors: [given.gigabytes(part.nat_bytes)], price: given.price("vpc", "nat-data") };
      if (given.addresses) {
        yield { name: "ipv4", factors: [{ name: "addresses", amount: given.addresses }, given.running()], price: given.price("vpc", "public-ipv4") };
      }
      if (part.internet) {
        const sent = given.mix.mean((work) => work.response_bytes);
        yield { name: "internet-out", factors: [given.gigabytes(sent)], price: given.price("data-transfer", "internet-out") };
      }
      if (part.cross_zone_share) {
        const crossing = given.gigabytes(given.mix.mean(bytesBothWays) * part.cross_zone_share);
        yield { name: "cross-zone", factors: [crossing, { name: "ways", amount: 2 }], price: given.price("data-transfer", "cross-zone") };
      }
    },
    addresses: (part) => part.public_ipv4,
  },

  database: {
    *items(part, given) {
      const price = given.price(part.engine, part.instance);
      const one = { name: "instances", amount: 1 };
      const factor = given.price("rds-mysql", "multi-az-factor");
      const copies = part.multi_az ? factor.tiers[0].price : 1;
      yield { name: "database", factors: [one, given.running()], price };
      if (part.multi_az) {
        yield { name: "database-standby", factors: [one, { name: "standby share", amount: copies - 1, row: factor }, given.running()], price };
      }
      if (part.replicas) yield { name: "database-replicas", factors: [{ name: "replicas", amount: part.replicas }, given.running()], price };
      if (part.storage_gb) {
        const factors = [{ name: "GB", amount: part.storage_gb }, given.kept()];
        const rds = part.engine === "rds-mysql";
        if (rds) factors.push({ name: "volumes", amount: copies + part.replicas });
        yield { name: "database-storage", factors, price: rds ? given.price("rds-mysql", "storage-gp3") : given.price("aurora-mysql", "storage") };
      }
      if (part.backup_gb) {
        yield { name: "database-backup", factors: [{ name: "GB", amount: part.backup_gb }, given.kept()], price: given.price("rds-mysql", "backup") };
      }
      if (part.io_per_request) {
        const each = { name: "storage requests per request", amount: part.io_per_request };
        yield { name: "database-io", factors: [given.requests(), each], price: given.price("aurora-mysql", "io-requests") };
      }
      if (part.proxy) {
        const amount = Math.max(databaseVcpus(part, given), given.constants.proxy_least_vcpus);
        const how = () => `of the target, at least ${given.constants.proxy_least_vcpus}`;
        yield { name: "proxy", factors: [{ name: "vCPU", amount, how }, given.running()], price: given.price("rds-proxy", "vcpu-hours") };
      }
    },
    limits(part, given) {
      const seconds = given.mix.mean(querySeconds);
      if (!seconds) return [];
      const cores = databaseVcpus(part, given);
      const why = () => `${cores} vCPU × ${plain(part.utilisation * 100)} % busy / ${plain(seconds * 1000)} ms of its CPU a request`;
      return [{ name: "database", rate: (cores * part.utilisation) / seconds, why }];
    },
  },

  dynamodb: {
    *items(part, given) {
      const { read_block, write_block } = given.constants;
      const share = part.consistency === "strong" ? 1 : 0.5;
      const blocks = (work) => work.read_blocks || Math.max(1, roundedUp(work.item_bytes / read_block));
      const reads = given.mix.mean((work) => work.reads * blocks(work) * share);
      const writes = given.mix.mean((work) => work.writes * roundedUp(work.item_bytes / write_block));
      const how = () => `reads × blocks of ${read_block} bytes × ${share} (${part.consistency})`;
      if (reads) yield* readOrWrite(part, given, "dynamodb-reads", "read", reads, how);
      if (writes) yield* readOrWrite(part, given, "dynamodb-writes", "write", writes, () => `writes × blocks of ${write_block} bytes`);
      if (part.storage_gb) {
        yield { name: "dynamodb-storage", factors: [{ name: "GB", amount: part.storage_gb }, given.kept()], price: given.price("dynamodb", "storage") };
      }
    },
  },

  secrets: {
    *items(part, given) {
      yield { name: "secrets", factors: [{ name: "secrets", amount: part.count }, given.kept()], price: given.price("secrets-manager", "secrets") };
      const price = given.price("secrets-manager", "calls");
      if (part.calls_per_hour) yield { name: "secret-calls", factors: [{ name: "calls an hour", amount: part.calls_per_hour }, given.running()], price };
      if (given.onLambda && part.calls_per_cold_start) {
        const cold = given.requests(times(given.rate, given.mix.mean((work) => work.cold_share)), "cold starts");
        yield { name: "secret-calls-cold", factors: [cold, { name: "calls each", amount: part.calls_per_cold_start }], price };
      }
    },
  },
};
