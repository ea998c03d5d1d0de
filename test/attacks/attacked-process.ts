import { CaptchaGuardProcess } from '../../bench/outage-simulation/captcha-guard-process.js'
import { simulatedConfig } from '../../bench/outage-simulation/simulated-config.js'
import type { VirtualClock } from '../../bench/outage-simulation/virtual-clock.js'

/** A process with the default options, at a Tencent that verifies every ticket in 50 ms and answers nothing while it is down. */
export function attackedProcess(clock: VirtualClock, isDown: () => boolean): CaptchaGuardProcess {
  return new CaptchaGuardProcess({
    clock,
    config: simulatedConfig({}),
    store: undefined,
    askTencent: (ticket) =>
      isDown()
        ? { reply: undefined, afterMs: Number.POSITIVE_INFINITY }
        : { reply: { kind: 'sdk_result', result: { CaptchaCode: ticket === 'canary' ? 21 : 1 } }, afterMs: 50 },
    canFetchScript: () => true,
  })
}
