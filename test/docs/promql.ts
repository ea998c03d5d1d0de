/** One use of a metric in a query: its name, and the labels that the query names of it, with their values. */
export interface MetricUse {
  readonly name: string
  readonly matchers: readonly { readonly label: string; readonly values: readonly string[] }[]
}

/** The metrics of a PromQL expression. */
export function metricsIn(expression: string): readonly MetricUse[] {
  return [...expression.matchAll(/\b(tencent_captcha_\w+)(?:\{([^}]*)\})?/g)].map(([, name = '', inside = '']) => ({
    name,
    matchers: [...inside.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"/g)].map(([, label = '', value = '']) => ({
      label,
      values: value.split('|'),
    })),
  }))
}

/** The labels that a PromQL expression groups by. */
export function groupingLabelsIn(expression: string): readonly string[] {
  return [...expression.matchAll(/\b(?:by|without)\s*\(([^)]*)\)/g)].flatMap(([, labels = '']) =>
    labels.split(',').map((label) => label.trim()),
  )
}
