import type { Simulator } from './simulator.js'

export function demoPage(simulator: Simulator): string {
  return `<!doctype html><title>${simulator.captchaAppId}</title>`
}
