/** Returns a function that takes secrets out of text, also as JSON and URLs write them: an answer may quote what it was sent. */
export function redactor(secrets: readonly (string | undefined)[]): (text: string) => string {
  const given = secrets.filter((secret) => secret !== undefined && secret !== '') as string[]
  const forms = new Set(
    given.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]),
  )
  // Longer ones first: one secret may be part of another.
  const ordered = [...forms].sort((a, b) => b.length - a.length)
  return (text) => ordered.reduce((rest, form) => rest.replaceAll(form, '[secret]'), text)
}
