// The work of a request, as local/cost/work.py has it.
import { roundedUp } from "./linear.js";

export function durationMs(work, memoryMb, speed, constants) {
  const measured = work.lambda_ms[memoryMb];
  if (measured !== undefined) return measured;
  const share = Math.min(1, memoryMb / constants.lambda_mb_per_vcpu) * speed;
  return (1000 / work.requests_per_vcpu + work.lambda_cpu_ms) / share + work.wait_ms;
}

export function billedMs(work, memoryMb, speed, constants) {
  const measured = work.lambda_billed_ms[memoryMb];
  const duration = durationMs(work, memoryMb, speed, constants);
  return measured === undefined ? roundedUp(duration) : Math.max(measured, duration);
}

export const bytesBothWays = (work) => work.request_bytes + work.response_bytes;

// Requests of one or more services in shares that sum to one.
export class Mix {
  constructor(works, weights) {
    const sum = Object.values(weights).reduce((one, other) => one + other, 0);
    this.shares = Object.entries(weights)
      .filter(([, weight]) => weight > 0)
      .map(([name, weight]) => ({ work: works[name], share: weight / sum }));
    this.vcpuSeconds = this.mean((work) => 1 / work.requests_per_vcpu);
    this.memoryMb = this.shares.reduce((all, { work }) => all + work.memory_mb, 0);
  }
  mean(measure) {
    return this.shares.reduce((all, { work, share }) => all + measure(work) * share, 0);
  }
}

// The same work on vCPUs that are so many times as fast: what computes takes less, what waits does not.
export function faster(work, speed) {
  if (speed === 1) return work;
  const quicker = (ms) => Math.max(0, ms - work.wait_ms) / speed + Math.min(ms, work.wait_ms);
  const durations = {};
  const billed = {};
  for (const [memory, ms] of Object.entries(work.lambda_ms)) durations[memory] = quicker(ms);
  for (const [memory, ms] of Object.entries(work.lambda_billed_ms)) {
    const ran = work.lambda_ms[memory];
    billed[memory] = ran === undefined ? quicker(ms) : quicker(ran) + Math.max(0, ms - ran);
  }
  return {
    ...work,
    requests_per_vcpu: work.requests_per_vcpu * speed,
    queries_per_vcpu: work.queries_per_vcpu * speed,
    lambda_cpu_ms: work.lambda_cpu_ms / speed,
    init_ms: work.init_ms / speed,
    lambda_ms: durations,
    lambda_billed_ms: billed,
  };
}
