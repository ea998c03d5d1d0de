import type { LogReport } from './build-report.js'
export function reportHtml(report: LogReport): string {
  return JSON.stringify(report)
}
