/** Posts JSON, and resolves to the answer. Rejects with the title of a refusal. */
export async function post<Answer>(path: string, body: object): Promise<Answer> {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const answer: Answer & { title?: string } = await response.json()
  if (!response.ok) throw new Error(answer.title)
  return answer
}
