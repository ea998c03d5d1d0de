/**
 * JSON of ASCII characters alone: a ticket holds what a caller typed, and a filter on the way to Tencent that stumbles over
 * other characters would look like Tencent's failure.
 */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(/[\u007f-\uffff]/g, escaped)
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
